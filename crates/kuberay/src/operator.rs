//! How the operator's own Deployment is found, whose name and namespace are an installer's choice.
//!
//! Its Helm chart names it after the chart. Its Kustomize base has one name for everything of KubeRay,
//! and says in another label which part it is.

use std::collections::BTreeMap;

/// Kubernetes' common labels of a program, its part of something larger, and its version.
pub const APP_NAME: &str = "app.kubernetes.io/name";
pub const APP_COMPONENT: &str = "app.kubernetes.io/component";
pub const APP_VERSION: &str = "app.kubernetes.io/version";

/// The value of [`APP_NAME`] in the chart, and of [`APP_COMPONENT`] in the Kustomize base.
pub const OPERATOR: &str = "kuberay-operator";
/// The value of [`APP_NAME`] in the Kustomize base.
pub const KUBERAY: &str = "kuberay";

/// Whether an object with these labels is the operator.
pub fn is_operator(labels: &BTreeMap<String, String>) -> bool {
    let label = |name: &str| labels.get(name).map(String::as_str);
    match label(APP_NAME) {
        Some(OPERATOR) => true,
        Some(KUBERAY) => label(APP_COMPONENT).is_none_or(|part| part == OPERATOR),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_is_found_however_it_was_installed() {
        let is = |labels: &[(&str, &str)]| {
            let labels = labels.iter();
            is_operator(&labels.map(|(k, v)| ((*k).into(), (*v).into())).collect())
        };
        assert!(is(&[("app.kubernetes.io/name", "kuberay-operator")]));
        assert!(is(&[("app.kubernetes.io/name", "kuberay")]));
        assert!(is(&[
            ("app.kubernetes.io/name", "kuberay"),
            ("app.kubernetes.io/component", "kuberay-operator"),
        ]));
        assert!(!is(&[
            ("app.kubernetes.io/name", "kuberay"),
            ("app.kubernetes.io/component", "kuberay-apiserver"),
        ]));
        assert!(!is(&[("app.kubernetes.io/name", "recommender")]));
        assert!(!is(&[]));
    }
}

//! Builds the command that a message suggests: for the same cluster, reached the same way.

use std::path::Path;
use std::sync::Arc;

use kuberay::operator::{APP_NAME, OPERATOR};

use super::flags::{ConnectionFlags, DEFAULT_REQUEST_TIMEOUT, Via};
use crate::safe::shell_word;
use crate::userinfo::without_secrets;

/// Stands in for a secret.
const TOKEN: &str = "TOKEN";

/// The words that start a command line of this plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken(pub &'static str);

impl Default for Spoken {
    fn default() -> Self {
        Self("kubectl ray serve")
    }
}

impl Spoken {
    /// As krew installs it: kubectl finds a file with an underscore by a word with a dash only.
    pub const BY_KREW: Self = Self("kubectl ray-serve");
}

/// Of a submit that somebody else has to complete: no file of this name is sent by accident.
pub const SUBMIT: &str = "-f FILE --wait";

/// Builds commands with the connection flags in force, quoted for a shell.
///
/// Without them, a user who pastes the command could change another cluster of the same name.
#[derive(Debug, Clone, Default)]
pub struct Next {
    spoken: Spoken,
    namespace: Option<String>,
    /// kubectl's flags, and this plugin's own.
    kubectl: Arc<[String]>,
    own: Arc<[String]>,
}

impl Next {
    pub fn of(flags: &ConnectionFlags) -> Self {
        // Destructured, so that a new flag cannot be forgotten.
        let ConnectionFlags {
            kubeconfig,
            context,
            cluster,
            user,
            namespace,
            server,
            token,
            as_user,
            as_group,
            as_uid,
            certificate_authority,
            client_certificate,
            client_key,
            insecure_skip_tls_verify,
            tls_server_name,
            request_timeout,
            address,
            via,
            spoken,
            unattended: _,
            verbosity: _,
            trace: _,
        } = flags;
        let mut kubectl = Flags::default();
        kubectl.file("--kubeconfig", kubeconfig.as_deref());
        kubectl.text("--context", context.as_deref());
        kubectl.text("--cluster", cluster.as_deref());
        kubectl.text("--user", user.as_deref());
        kubectl.url("--server", server.as_deref());
        kubectl.text("--token", token.as_deref().map(|_| TOKEN));
        kubectl.text("--as", as_user.as_deref());
        for group in as_group {
            kubectl.text("--as-group", Some(group));
        }
        kubectl.text("--as-uid", as_uid.as_deref());
        kubectl.file("--certificate-authority", certificate_authority.as_deref());
        kubectl.file("--client-certificate", client_certificate.as_deref());
        kubectl.file("--client-key", client_key.as_deref());
        if let Some(skip) = insecure_skip_tls_verify {
            kubectl.0.push(format!("--insecure-skip-tls-verify={skip}"));
        }
        kubectl.text("--tls-server-name", tls_server_name.as_deref());
        if request_timeout.0 != Some(DEFAULT_REQUEST_TIMEOUT) {
            kubectl.text("--request-timeout", Some(&request_timeout.to_string()));
        }
        let mut own = Flags::default();
        own.url("--address", address.as_deref());
        if *via == Via::Proxy {
            own.text("--via", Some("proxy"));
        }
        Self {
            spoken: *spoken,
            namespace: namespace.clone(),
            kubectl: kubectl.0.into(),
            own: own.0.into(),
        }
    }

    /// Adds the cluster's namespace, even if no flag named it.
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self {
            namespace: Some(namespace.to_owned()),
            ..self.clone()
        }
    }

    /// `kubectl ray serve VERB NAME… -n NAMESPACE … FLAGS`; names are quoted, `flags` are used as
    /// given.
    pub fn serve(&self, verb: &str, names: &[&str], flags: &str) -> String {
        let connection = self.kubectl.iter().chain(self.own.iter());
        self.command(
            &format!("{} {verb}", self.spoken.0),
            names,
            connection,
            flags,
        )
    }

    /// A kubectl command on objects of the namespace.
    pub fn kubectl(&self, verb: &str, names: &[&str], flags: &str) -> String {
        self.command(
            &format!("kubectl {verb}"),
            names,
            self.kubectl.iter(),
            flags,
        )
    }

    /// A kubectl command on no namespace, or on one that `flags` name.
    pub fn kubectl_anywhere(&self, verb: &str, names: &[&str], flags: &str) -> String {
        let anywhere = Self {
            namespace: None,
            ..self.clone()
        };
        anywhere.kubectl(verb, names, flags)
    }

    /// Shows the `KubeRay` operator's log, whatever its namespace and name.
    pub fn operator_log(&self) -> String {
        self.kubectl_anywhere(
            "logs",
            &[],
            &format!("-n OPERATOR_NAMESPACE -l {APP_NAME}={OPERATOR} --tail=-1"),
        )
    }

    fn command<'a>(
        &self,
        verb: &str,
        names: &[&str],
        connection: impl Iterator<Item = &'a String>,
        flags: &str,
    ) -> String {
        let quoted: Vec<String> = names.iter().map(|name| shell_word(name).into()).collect();
        // A name that looks like a flag must come after all flags.
        let last = names.iter().any(|name| name.starts_with('-'));
        let mut words = vec![verb.to_owned()];
        if !last {
            words.extend(quoted.iter().cloned());
        }
        if let Some(namespace) = &self.namespace {
            words.push(format!("-n {}", shell_word(namespace)));
        }
        words.extend(connection.cloned());
        if !flags.is_empty() {
            words.push(flags.to_owned());
        }
        if last {
            words.push("--".to_owned());
            words.extend(quoted);
        }
        words.join(" ")
    }
}

/// A command that contacts no cluster and takes no connection flags.
pub fn offline(verb: &str, flags: &str) -> String {
    Next::default().serve(verb, &[], flags)
}

#[derive(Default)]
struct Flags(Vec<String>);

impl Flags {
    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.0.push(format!("{name} {}", shell_word(value)));
        }
    }

    fn file(&mut self, name: &str, value: Option<&Path>) {
        let value = value.map(|file| file.display().to_string());
        self.text(name, value.as_deref());
    }

    /// Hides a password in the URL, and its query, which may hold a key.
    fn url(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(without_secrets);
        self.text(name, value.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::super::flags::Limit;
    use super::*;

    fn next() -> Next {
        let flags = ConnectionFlags {
            context: Some("prod".into()),
            token: Some("s3cret".into()),
            request_timeout: Limit(Some(DEFAULT_REQUEST_TIMEOUT)),
            via: Via::Proxy,
            ..ConnectionFlags::default()
        };
        Next::of(&flags).in_namespace("team")
    }

    #[test]
    fn each_command_has_the_flags_that_it_knows() {
        assert_eq!(
            next().serve("submit", &["x"], "-f FILE"),
            "kubectl ray serve submit x -n team --context prod --token TOKEN --via proxy -f FILE"
        );
        assert_eq!(
            next().kubectl("describe", &["raycluster/x"], ""),
            "kubectl describe raycluster/x -n team --context prod --token TOKEN"
        );
        assert_eq!(
            next().kubectl_anywhere("get", &["rayclusters"], "-A"),
            "kubectl get rayclusters --context prod --token TOKEN -A"
        );
        assert_eq!(
            offline("validate", "-f FILE"),
            "kubectl ray serve validate -f FILE"
        );
    }

    #[test]
    fn a_name_is_neither_a_flag_nor_anything_to_a_shell() {
        assert_eq!(
            Next::default().serve("delete", &["x", "-rf", "it's $HOME"], "--wait"),
            r"kubectl ray serve delete --wait -- x -rf 'it'\''s $HOME'"
        );
    }

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            (
                "https://ada:pw@host:6443/k8s",
                "https://******@host:6443/k8s",
            ),
            ("ada:p@w@host", "******@host"),
            ("http://host:8265/?token=pw#pw", "http://host:8265/"),
            ("https://host", "https://host"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }
}

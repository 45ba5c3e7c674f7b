//! The JSON of each change, guarded so that it changes what was seen and nothing else.

use json_patch::jsonptr::PointerBuf;
use json_patch::{
    AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation, TestOperation,
};
use kuberay::labels::{SERVE, SERVE_IN, SERVE_OUT};
use serde_json::{Value, json};

use super::change::{LabelPod, Membership, SelectPods};

/// The merge patch of a pod's label. Its uid makes the API server refuse it (409) for another pod of
/// the same name.
pub fn label(change: &LabelPod) -> Value {
    let value = match change.to {
        Membership::In => SERVE_IN,
        Membership::Out => SERVE_OUT,
    };
    json!({"metadata": {"uid": change.uid, "labels": {SERVE: value}}})
}

/// The JSON patch of a service's selector. Its tests make the API server refuse it (422) for another
/// service of the same name, and where somebody changed the selector meanwhile. It touches only the keys
/// that differ, which an admission policy can confine it to.
pub fn selector(change: &SelectPods) -> Patch {
    let selector = PointerBuf::from_tokens(["spec", "selector"]);
    let key = |key: &String| PointerBuf::from_tokens(["spec", "selector", key.as_str()]);
    let mut operations = vec![
        test(
            PointerBuf::from_tokens(["metadata", "uid"]),
            json!(change.uid),
        ),
        test(selector, json!(change.from)),
    ];
    for (name, value) in &change.to {
        let (path, value) = (key(name), json!(value));
        operations.push(match change.from.get(name) {
            Some(same) if value == *same => continue,
            Some(_) => PatchOperation::Replace(ReplaceOperation { path, value }),
            None => PatchOperation::Add(AddOperation { path, value }),
        });
    }
    let gone = change
        .from
        .keys()
        .filter(|name| !change.to.contains_key(*name));
    operations.extend(gone.map(|name| PatchOperation::Remove(RemoveOperation { path: key(name) })));
    Patch(operations)
}

fn test(path: PointerBuf, value: Value) -> PatchOperation {
    PatchOperation::Test(TestOperation { path, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::change::Reselection;
    use crate::traffic::event::Cause;
    use crate::traffic::selector::give_back;
    use crate::traffic::service::{Mode, Selector, ServeService, broad, head, labelled};

    fn service(selector: &Selector) -> Value {
        json!({"metadata": {"name": "x-serve-svc", "uid": "s"}, "spec": {"selector": selector, "ports": []}})
    }

    fn reselect(from: Selector, to: Selector) -> Patch {
        selector(&SelectPods {
            service: "x-serve-svc".to_owned(),
            uid: "s".to_owned(),
            from,
            to,
            why: Reselection::Narrow,
        })
    }

    #[test]
    fn a_label_is_merged_into_the_pod_of_that_uid() {
        let change = |to| LabelPod {
            pod: "x-head".to_owned(),
            uid: "p".to_owned(),
            to,
            cause: Cause::Serves,
        };
        assert_eq!(
            label(&change(Membership::In)),
            json!({"metadata": {"uid": "p", "labels": {"ray.io/serve": "true"}}})
        );
        let mut pod =
            json!({"metadata": {"uid": "p", "name": "x-head", "labels": {"a": "b"}}, "spec": {}});
        json_patch::merge(&mut pod, &label(&change(Membership::Out)));
        let expected = json!({"metadata": {"uid": "p", "name": "x-head", "labels": {"a": "b", "ray.io/serve": "false"}}, "spec": {}});
        assert_eq!(pod, expected);
    }

    #[test]
    fn the_patch_that_narrows_is_guarded_by_uid_and_selector() {
        let patch = reselect(broad("x"), labelled("x"));
        assert_eq!(
            serde_json::to_value(&patch).unwrap(),
            json!([
                {"op": "test", "path": "/metadata/uid", "value": "s"},
                {"op": "test", "path": "/spec/selector", "value": {"ray.io/cluster": "x"}},
                {"op": "add", "path": "/spec/selector/ray.io~1serve", "value": "true"},
            ])
        );
        let mut narrowed = service(&broad("x"));
        json_patch::patch(&mut narrowed, &patch).unwrap();
        assert_eq!(narrowed, service(&labelled("x")));
        // A second time, on another service, and on a selector that was edited.
        assert!(json_patch::patch(&mut narrowed, &patch).is_err());
        let mut other = service(&broad("x"));
        other["metadata"]["uid"] = json!("t");
        assert!(json_patch::patch(&mut other, &patch).is_err());
        let mut edited = service(&head("x"));
        assert!(json_patch::patch(&mut edited, &patch).is_err());
        assert_eq!(edited, service(&head("x")));
    }

    #[test]
    fn from_the_label_to_the_head_there_is_no_moment_of_all_pods() {
        let patch = reselect(labelled("x"), head("x"));
        let mut changed = service(&labelled("x"));
        json_patch::patch(&mut changed, &patch).unwrap();
        assert_eq!(changed, service(&head("x")));
    }

    #[test]
    fn a_selector_is_given_back_without_our_key() {
        let edited: Selector = labelled("x")
            .into_iter()
            .chain([("a".to_owned(), "b".to_owned())])
            .collect();
        let edited_before: Selector = broad("x")
            .into_iter()
            .chain([("a".to_owned(), "b".to_owned())])
            .collect();
        let only_ours: Selector = [(SERVE.to_owned(), SERVE_IN.to_owned())].into();
        for (mode, from, expected) in [
            (Mode::Pods, labelled("x"), Some(broad("x"))),
            (Mode::Head, labelled("x"), Some(broad("x"))),
            (Mode::Head, head("x"), Some(broad("x"))),
            (Mode::Pods, head("x"), None),
            (Mode::Pods, edited, Some(edited_before)),
            (Mode::Pods, broad("x"), None),
            (Mode::Pods, only_ours, None),
        ] {
            let seen = ServeService {
                name: "x-serve-svc".to_owned(),
                uid: "s".to_owned(),
                owner_uid: Some("c".to_owned()),
                selector: from.clone(),
                port: Some(8000),
            };
            let given = give_back(&seen, "x", mode).map(|change| {
                let mut given = service(&from);
                json_patch::patch(&mut given, &selector(&change)).unwrap();
                given
            });
            assert_eq!(given, expected.as_ref().map(service), "{mode:?} {from:?}");
        }
    }
}

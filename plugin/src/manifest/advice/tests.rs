//! Each nearly right manifest gets its sentence, and a right one gets none.

use super::*;

fn said(yaml: &str) -> Vec<String> {
    let start = "apiVersion: ray.io/v1\nkind: RayCluster\n";
    let yaml = if yaml.contains("kind:") {
        yaml.to_owned()
    } else {
        format!("{start}{yaml}")
    };
    let mut documents = crate::manifest::read(yaml.as_bytes()).unwrap();
    advice(&documents.remove(0).object)
}

#[test]
fn an_annotation_that_is_nearly_right_is_told_where_it_belongs() {
    for (yaml, place) in [
        (
            "metadata: {annotations: {ray.io/enable-serve-svc: 'true'}}",
            "metadata.annotations.ray.io/enable-serve-svc",
        ),
        (
            "metadata: {annotations: {ray.io/enable-serve-servce: 'true'}}",
            "metadata.annotations.ray.io/enable-serve-servce",
        ),
        (
            "metadata: {annotations: {enable-serve-service: 'true'}}",
            "metadata.annotations.enable-serve-service",
        ),
        (
            "metadata: {annotations: {ray.io/enableAgentService: 'true'}}",
            "metadata.annotations.ray.io/enableAgentService",
        ),
        (
            "metadata: {labels: {ray.io/enable-serve-service: 'true'}}",
            "metadata.labels.ray.io/enable-serve-service",
        ),
        (
            "annotations: {ray.io/enable-serve-service: 'true'}",
            "annotations.ray.io/enable-serve-service",
        ),
        (
            "metadata: {annotations: ['ray.io/enable-serve-service=true']}",
            "metadata.annotations[0]",
        ),
        (
            "spec: {enableServeService: true}",
            "spec.enableServeService",
        ),
        (
            "spec: {headGroupSpec: {template: {metadata: {annotations: {ray.io/enable-serve-service: 'true'}}}}}",
            "spec.headGroupSpec.template.metadata.annotations.ray.io/enable-serve-service",
        ),
    ] {
        let said = said(yaml);
        assert!(
            said[0].starts_with(&format!("{place} is not read: KubeRay looks for")),
            "{yaml}: {said:?}"
        );
    }
    for fine in [
        "metadata: {annotations: {ray.io/enable-serve-service: 'true'}}",
        "metadata: {annotations: {ray.io/overwrite-container-cmd: 'true'}}",
    ] {
        assert_eq!(said(fine), Vec::<String>::new(), "{fine}");
    }
    let service = "apiVersion: ray.io/v1\nkind: RayService\nmetadata: {annotations: {ray.io/enable-serve-service: 'true'}}";
    assert!(said(service)[0].contains("does nothing here"));
}

#[test]
fn a_name_that_the_operator_refuses_is_told() {
    for (name, fault) in [
        ("a".repeat(54), "54 characters, of which KubeRay takes 53"),
        ("2-fast".to_owned(), "a letter first"),
        ("my.cluster".to_owned(), "lower-case letters, digits and -"),
    ] {
        let said = said(&format!("metadata: {{name: {name}}}"));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with("metadata.name: ") && said[0].contains(fault),
            "{said:?}"
        );
    }
    for fine in ["a".repeat(53), "depot-2".to_owned()] {
        assert_eq!(said(&format!("metadata: {{name: {fine}}}")), [""; 0]);
    }
}

#[test]
fn what_is_one_level_off_is_told_where_it_belongs() {
    for (yaml, sentence) in [
        (
            "spec: {serviceType: LoadBalancer}",
            "spec.serviceType is not read there: it belongs in spec.headGroupSpec",
        ),
        (
            "spec: {rayStartParams: {}}",
            "spec.rayStartParams is not read there: it belongs in spec.headGroupSpec",
        ),
        (
            "spec: {headGroupSpec: {template: {spec: {ports: []}}}}",
            "spec.headGroupSpec.template.spec.ports is not read there: it belongs in spec.headGroupSpec.template.spec.containers[0]",
        ),
        (
            "headGroupSpec: {}",
            "headGroupSpec is not read there: it belongs in spec",
        ),
        (
            "spec: {workerGroupSpecs: {groupName: a}}",
            "spec.workerGroupSpecs is an object, not a list: begin its first entry with -",
        ),
        (
            "apiVersion: v1\nkind: RayCluster",
            "apiVersion is \"v1\", not ray.io/v1",
        ),
        ("kind: RayCluster", "apiVersion is absent, not ray.io/v1"),
    ] {
        assert_eq!(said(yaml), [sentence], "{yaml}");
    }
}

#[test]
fn numbers_where_text_is_taken_are_told() {
    for (yaml, start) in [
        (
            "spec: {rayVersion: 2.10}",
            "spec.rayVersion: 2.10 is not a string",
        ),
        (
            "spec: {workerGroupSpecs: [{groupName: 1.10}]}",
            "spec.workerGroupSpecs[0].groupName: 1.10 is not a string",
        ),
        (
            "metadata: {labels: {version: 1.20}}",
            "metadata.labels.version: 1.20 is not a string",
        ),
        (
            "metadata: {annotations: {a: true}}",
            "metadata.annotations.a: true is not a string",
        ),
        (
            "spec: {headGroupSpec: {template: {spec: {containers: [{env: [{name: LEVEL, value: 1}]}]}}}}",
            "spec.headGroupSpec.template.spec.containers[0].env LEVEL: 1 is not a string",
        ),
    ] {
        let said = said(yaml);
        assert!(said[0].starts_with(start), "{yaml}: {said:?}");
    }
}

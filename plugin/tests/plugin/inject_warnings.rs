//! `inject`: what it warns of, and what it refuses because nobody has rendered it.

use crate::inject::{CLUSTER, inject_text, objects};
use crate::support::assert_fails;

#[test]
fn what_names_a_renamed_port_is_told_by_its_name() {
    let cluster = CLUSTER
        .replace(
            "[{name: ray-head}]",
            "[{name: ray-head, ports: [{name: web, containerPort: 8000}]}]",
        )
        .replace(
            "template: {spec",
            "template: {metadata: {labels: {model: talk}}, spec",
        );
    for (other, path) in [
        (
            "kind: Service\nmetadata: {name: o}\nspec: {selector: {model: talk}, ports: [{port: 80, targetPort: web}]}\n",
            Some("spec.ports[0].targetPort of service/o"),
        ),
        (
            "kind: PodMonitor\nmetadata: {name: o}\nspec: {selector: {matchLabels: {ray.io/node-type: head}}, podMetricsEndpoints: [{port: web}]}\n",
            Some("spec.podMetricsEndpoints[0].port of podmonitor/o"),
        ),
        (
            "kind: NetworkPolicy\nmetadata: {name: o}\nspec: {podSelector: {}, ingress: [{ports: [{port: web}]}]}\n",
            Some("spec.ingress[0].ports[0].port of networkpolicy/o"),
        ),
        (
            "kind: Ingress\nmetadata: {name: o}\nspec: {rules: [{http: {paths: [{backend: {service: {name: x-head-svc, port: {name: web}}}}]}}]}\n",
            Some("spec.rules[0].http.paths[0].backend.service.port of ingress/o"),
        ),
        (
            "kind: Service\nmetadata: {name: o}\nspec: {selector: {model: other}, ports: [{port: 80, targetPort: web}]}\n",
            None,
        ),
        (
            "kind: Service\nmetadata: {name: o}\nspec: {selector: {model: talk}, ports: [{port: 80, targetPort: 8000}]}\n",
            None,
        ),
    ] {
        let run = inject_text(&format!("{other}---\n{cluster}"), &[]);
        let said = run
            .stderr
            .lines()
            .find(|line| line.contains("change it there"));
        let expected = path.map(|path| format!(
            "Warning: raycluster/x: {path} says \"web\", which is now \"serve\": change it there, or nothing is found"
        ));
        assert_eq!(said, expected.as_deref(), "{}", run.stderr);
    }
}

#[test]
fn a_service_with_the_operators_name_is_told() {
    for (name, end) in [
        ("x-head-svc", "is in the way"),
        ("x-serve-svc", "has the name of the serve service"),
    ] {
        let service = format!("kind: Service\nmetadata: {{name: {name}}}\n");
        let run = inject_text(&format!("{CLUSTER}---\n{service}"), &[]);
        assert!(
            run.stderr
                .contains(&format!("Warning: raycluster/x: service/{name} {end}")),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn what_the_api_server_writes_is_left_out_and_numbers_for_text_are_told() {
    let exported = CLUSTER
        .replace(
            "{name: x,",
            "{name: x, uid: u, resourceVersion: '7', generation: 2, creationTimestamp: null,",
        )
        .replace(
            "spec: {head",
            "status: {state: ready}\nspec: {rayVersion: 2.10, head",
        );
    let run = inject_text(&exported, &[]);
    let object = &objects(run.stdout.as_bytes())[0];
    assert_eq!(object.get("status"), None);
    assert_eq!(object["metadata"].as_object().unwrap().len(), 2, "{object}");
    assert!(
        run.stderr
            .contains("spec.rayVersion: 2.10 is not a string: quote it"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_template_is_told_to_be_one() {
    let raycluster = |name: &str, image: &str| {
        format!(
            "apiVersion: ray.io/v1\nkind: RayCluster\nmetadata:\n  name: {name}\n  annotations: {{ray.io/enable-serve-service: 'true'}}\nspec:\n  headGroupSpec: {{rayStartParams: {{}}, template: {{spec: {{containers: [{{name: ray-head, image: {image}}}]}}}}}}\n"
        )
    };
    assert_fails(
        &inject_text(&raycluster("{{ .Values.name }}", "a"), &[]),
        "standard input is not a Kubernetes manifest: line 4, column 9: this is a template that has not been rendered ({{ ... }}): render it first, for example with helm template",
    );
    assert_fails(
        &inject_text(&raycluster("'{{ .Values.name }}'", "a"), &[]),
        "raycluster/{{ .Values.name }}: its metadata.name has a placeholder that nobody has filled in: render it first, for example with helm template",
    );
    let run = inject_text(&raycluster("a", "\"$IMAGE\""), &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("image: $IMAGE"), "{}", run.stdout);
    let said = "Warning: raycluster/a: spec.headGroupSpec.template.spec.containers[0].image has a placeholder that nobody has filled in";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

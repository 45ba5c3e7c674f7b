//! What must hold of `inject` on any file: used by the fuzz target and by the plugin's tests.

use kubectl_ray::manifest::{self, Document};
use ray_serve_inject::Reason;
use serde_json::Value;

/// Panics where what is printed would not be what was read, injected once.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(mut documents) = manifest::read(bytes) else {
        return;
    };
    for document in &mut documents {
        document.inject(&mut |_, _| {});
    }
    let expected = objects(documents.clone());

    let yaml = manifest::to_yaml(&documents);
    let mut written = manifest::read(yaml.as_bytes())
        .unwrap_or_else(|error| panic!("what is written is not read: {error}\n{yaml}"));
    assert_eq!(objects(written.clone()), expected, "{yaml}");
    for document in &mut written {
        let injected = document.inject(&mut |_, outcome| {
            assert_ne!(outcome.reason, Reason::Injected, "a second time: {yaml}");
        });
        assert!(!injected);
    }
    assert_eq!(manifest::to_yaml(&written), yaml, "a second run");

    let json = manifest::to_json(documents);
    let written = manifest::read(json.as_bytes())
        .unwrap_or_else(|error| panic!("what is written is not read: {error}\n{json}"));
    assert_eq!(objects(written), expected, "{json}");
}

/// Each object; of a list its items, which is all that `-o json` keeps of one among others.
fn objects(documents: Vec<Document>) -> Vec<Value> {
    let mut objects = Vec::new();
    for mut document in documents {
        document.for_each_object(&mut |object| objects.push(object.take()));
    }
    objects
}

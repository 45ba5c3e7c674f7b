//! The pods that the traffic of a service goes to.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A pod that a service sends traffic to, or would if it were ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub address: String,
    pub pod: Option<String>,
    pub ready: bool,
}

/// An `EndpointSlice`, of which a service may have several.
#[derive(Deserialize)]
pub struct Slice {
    #[serde(default)]
    endpoints: Option<Vec<SliceEndpoint>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SliceEndpoint {
    addresses: Vec<String>,
    #[serde(default)]
    conditions: Conditions,
    target_ref: Option<TargetRef>,
}

#[derive(Default, Deserialize)]
struct Conditions {
    ready: Option<bool>,
}

#[derive(Deserialize)]
struct TargetRef {
    name: Option<String>,
}

/// The pods of all slices sorted by address, without duplicates.
pub fn endpoints(slices: Vec<Slice>) -> Vec<Endpoint> {
    let mut found = BTreeMap::new();
    for endpoint in slices
        .into_iter()
        .filter_map(|slice| slice.endpoints)
        .flatten()
    {
        let pod = endpoint.target_ref.and_then(|target| target.name);
        // The API defines null as ready.
        let ready = endpoint.conditions.ready != Some(false);
        for address in endpoint.addresses {
            let pod = pod.clone();
            found.insert(
                address.clone(),
                Endpoint {
                    address,
                    pod,
                    ready,
                },
            );
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn slices_are_joined_by_address() {
        let slices = json!([
            {"endpoints": [
                {"addresses": ["10.0.0.2"], "conditions": {"ready": false}, "targetRef": {"name": "b"}},
                {"addresses": ["10.0.0.1"]},
            ]},
            {"endpoints": null},
            {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": null}, "targetRef": {"name": "a"}}]},
        ]);
        let found = endpoints(serde_json::from_value(slices).unwrap());
        let endpoint = |address: &str, pod: &str, ready| Endpoint {
            address: address.to_owned(),
            pod: Some(pod.to_owned()),
            ready,
        };
        let expected = [
            endpoint("10.0.0.1", "a", true),
            endpoint("10.0.0.2", "b", false),
        ];
        assert_eq!(found, expected);
    }
}

//! The entries of `rayStartParams` of a head that can serve, and how their values are read: the API
//! server wants text, and YAML without quotes makes something else of it.

use std::borrow::Cow;

use serde_json::Value;

use crate::ports::{DASHBOARD_AGENT, HeadPort, METRICS};

/// An entry of the head's `rayStartParams`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartParam {
    pub name: &'static str,
    value: Wanted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Text(&'static str),
    Number(u16),
}

pub const DASHBOARD_HOST: StartParam = StartParam {
    name: "dashboard-host",
    value: Wanted::Text("0.0.0.0"),
};

/// The start params of a head that can serve.
pub const START_PARAMS: [StartParam; 3] = [
    DASHBOARD_HOST,
    StartParam::of(&DASHBOARD_AGENT),
    StartParam::of(&METRICS),
];

/// The variable that `rayStartParams` such as `node-ip-address: $MY_POD_IP` count on.
pub const POD_IP_ENV: &str = "MY_POD_IP";

impl StartParam {
    /// What moves a port, with the number that the port has anyway.
    const fn of(port: &HeadPort) -> Self {
        match port.start_param {
            Some(name) => Self {
                name,
                value: Wanted::Number(port.number),
            },
            None => panic!("no start param moves this port"),
        }
    }

    pub fn value(self) -> String {
        match self.value {
            Wanted::Text(text) => text.to_owned(),
            Wanted::Number(number) => number.to_string(),
        }
    }
}

/// A value of `rayStartParams` as the text it means: a number or boolean without quotes is what its
/// author would have put in quotes. None for null, which is as good as absent, and for what has no
/// text.
pub fn meant(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(yes) => Some(Cow::Borrowed(if *yes { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value that names no port, where one is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAPort {
    pub param: &'static str,
    pub value: String,
}

impl HeadPort {
    /// The number this port has under these `rayStartParams`, of which `param` gives one by its name.
    pub fn read_in<'a>(
        &self,
        param: impl FnOnce(&str) -> Option<&'a Value>,
    ) -> Result<u16, NotAPort> {
        let given = self.start_param.and_then(|name| Some((name, param(name)?)));
        let Some((param, value)) = given.filter(|(_, value)| !value.is_null()) else {
            return Ok(self.number);
        };
        let text = meant(value).unwrap_or_else(|| Cow::Owned(value.to_string()));
        port_number(&text).ok_or_else(|| NotAPort {
            param,
            value: text.into_owned(),
        })
    }

    /// The same, where a value that is no port moves nothing.
    pub fn number_in(&self, ray_start_params: &Value) -> u16 {
        self.read_in(|name| ray_start_params.get(name))
            .unwrap_or(self.number)
    }
}

/// Reads a port as Ray's command line does, which takes spaces around a number.
pub fn port_number(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|number| *number != 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ports::{DASHBOARD, HEAD_PORTS, SERVE};

    #[test]
    fn start_params_and_ports_agree_on_the_numbers() {
        for param in START_PARAMS {
            if let Some(port) = HEAD_PORTS
                .iter()
                .find(|port| port.start_param == Some(param.name))
            {
                assert_eq!(param.value(), port.number.to_string(), "{}", param.name);
            }
        }
        let written = START_PARAMS.map(|param| (param.name, param.value()));
        let expected = [
            ("dashboard-host", "0.0.0.0"),
            ("dashboard-agent-listen-port", "52365"),
            ("metrics-export-port", "8080"),
        ];
        assert_eq!(
            written,
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn a_value_without_quotes_is_the_text_it_means() {
        for (value, text) in [
            (json!("8265"), Some("8265")),
            (json!(8265), Some("8265")),
            (json!(0.5), Some("0.5")),
            (json!(true), Some("true")),
            (json!(false), Some("false")),
            (json!(null), None),
            (json!([8265]), None),
            (json!({}), None),
        ] {
            assert_eq!(meant(&value).as_deref(), text, "{value}");
        }
    }

    #[test]
    fn a_start_param_moves_a_port_only_when_it_is_a_port() {
        for (value, number) in [
            ("9265", 9265),
            ("0", 8265),
            ("65536", 8265),
            ("-1", 8265),
            ("8265 ", 8265),
            ("", 8265),
        ] {
            let params = serde_json::json!({ "dashboard-port": value });
            assert_eq!(DASHBOARD.number_in(&params), number, "{value:?}");
        }
        let without_quotes = serde_json::json!({ "dashboard-port": 8266 });
        assert_eq!(DASHBOARD.number_in(&without_quotes), 8266);
        assert_eq!(DASHBOARD.number_in(&Value::Null), 8265);
        assert_eq!(SERVE.number_in(&Value::Null), 8000);
    }

    #[test]
    fn what_names_no_port_is_told_as_it_is_written() {
        let read = |value: Value| {
            let params = json!({ "dashboard-port": value });
            DASHBOARD.read_in(|name| params.get(name))
        };
        assert_eq!(read(json!(null)), Ok(8265));
        assert_eq!(read(json!(9000)), Ok(9000));
        assert_eq!(read(json!(" 9000 ")), Ok(9000));
        for (value, told) in [
            (json!("0"), "0"),
            (json!("web"), "web"),
            (json!(70_000), "70000"),
            (json!(true), "true"),
            (json!([9000]), "[9000]"),
        ] {
            let expected = NotAPort {
                param: "dashboard-port",
                value: told.to_owned(),
            };
            assert_eq!(read(value), Err(expected));
        }
    }
}

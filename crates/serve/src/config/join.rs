//! One config out of several, as where each application has a file of its own.

use super::{APPLICATIONS, ServeConfig};

impl ServeConfig {
    /// The applications of all configs in their order. What is not an application is the first
    /// config's that has it: whoever joins configs that differ in it has to refuse them before.
    pub fn joined(configs: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut configs = configs.into_iter();
        let mut joined = configs.next()?;
        for Self { mut body } in configs {
            let more = body[APPLICATIONS].take();
            if let (Some(all), Some(more)) = (
                joined.body[APPLICATIONS].as_array_mut(),
                more.as_array().cloned(),
            ) {
                all.extend(more);
            }
            if let (Some(top), Some(settings)) =
                (joined.body.as_object_mut(), body.as_object().cloned())
            {
                for (name, setting) in settings {
                    top.entry(name).or_insert(setting);
                }
            }
        }
        Some(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parsed;
    use super::*;

    #[test]
    fn applications_follow_each_other_and_settings_stand_once() {
        let joined = ServeConfig::joined([
            parsed("{http_options: {port: 1}, applications: [{name: a}, {name: b}]}"),
            parsed("{applications: [], http_options: {port: 1}}"),
            parsed("{logging_config: {encoding: JSON}, applications: [{name: c}]}"),
        ])
        .unwrap();
        let names: Vec<_> = joined.applications().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let settings: Vec<_> = joined.settings().map(|(name, _)| name).collect();
        assert_eq!(settings, ["http_options", "logging_config"]);
    }

    #[test]
    fn no_config_is_none_and_one_is_itself() {
        assert!(ServeConfig::joined([]).is_none());
        let text = "{applications: [{name: a}], grpc_options: {port: 9000}}";
        let alone = ServeConfig::joined([parsed(text)]).unwrap();
        assert_eq!(alone.to_json(), parsed(text).to_json());
    }
}

//! What must hold of `validate` on any file: used by the fuzz target and by the plugin's tests.

use kubectl_ray::check::contents::Contents;
use kubectl_ray::check::validate::{Target, check as validate};
use kubectl_ray::input::Input;
use kubectl_ray::output::{Style, findings};
use kubectl_ray::yaml;

/// Panics where a config is not checked to the end, or where `-o yaml` of what was read is another
/// config to Ray.
pub(crate) fn check(bytes: &[u8]) {
    let input = || Input {
        name: "serve_config.yaml".to_owned(),
        bytes: bytes.to_vec(),
        directory: None,
    };
    // As a file that is named, and as one that a directory holds.
    let found = Contents::of_found(input()).ok();
    for contents in [Some(Contents::of_named(input())), found]
        .into_iter()
        .flatten()
    {
        for source in &contents.configs {
            findings(source, &validate(source, &Target::default()), Style::PLAIN);
            let Ok(body) = &source.body else { continue };
            let written = yaml::to_string(body);
            let again = yaml::parse(&written)
                .unwrap_or_else(|error| panic!("what is written is not read: {error}\n{written}"));
            assert_eq!(&again, body, "{written}");
        }
    }
}

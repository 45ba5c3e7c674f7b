//! What the author of an unknown field may have meant.

use std::fmt;

use ray_serve_client::api::version::RayVersion;

use super::elsewhere::{Elsewhere, elsewhere};
use crate::check::schema::{self, Field, Object, Type};
use crate::check::spelling::{MOST, nearest_within};

/// Ray's own; a cluster's plugins may take others.
pub(super) const RUNTIME_ENV_KEYS: &[&str] = &[
    "working_dir",
    "py_modules",
    "py_executable",
    "java_jars",
    "conda",
    "pip",
    "uv",
    "container",
    "image_uri",
    "excludes",
    "env_vars",
    "config",
    "worker_process_setup_hook",
    "nsight",
];

#[derive(Debug, Clone, Copy)]
pub(super) enum Suggestion {
    Words(&'static str),
    /// The field is called so here.
    Rename(&'static str),
    /// The field is one of another mapping, and there called so.
    Move {
        to: Spot,
        from: Object,
        name: &'static str,
    },
}

/// A mapping that may hold a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spot {
    Top,
    /// The mapping that has the one looked at in it.
    Above(Object),
    /// In a field of a mapping.
    In(&'static Field),
}

/// What to do about a field that `of` does not have in `ray`, or in any Ray.
pub(super) fn suggest(of: Object, name: &str, ray: Option<RayVersion>) -> Option<Suggestion> {
    match elsewhere(of, name) {
        Some(Elsewhere::Words(words)) => return Some(Suggestion::Words(words)),
        Some(Elsewhere::Called(name)) => return Some(Suggestion::Rename(name)),
        None => {}
    }
    let moved = |(to, name)| Suggestion::Move { to, from: of, name };
    let here = |most| {
        let near = nearest_within(name, most, fields(of, ray).map(|(name, _)| name))?;
        let (_, today) = fields(of, ray).find(|(name, _)| *name == near)?;
        Some(Suggestion::Rename(today))
    };
    let there = |most| {
        let near = |known: &[&'static str]| nearest_within(name, most, known.iter().copied());
        holder(of, ray, &near).map(moved)
    };
    let exact = |known: &[&'static str]| known.iter().copied().find(|known| *known == name);
    holder(of, ray, &exact)
        .map(moved)
        // The same words, such as numReplicas, before any that are like it.
        .or_else(|| here(0))
        .or_else(|| there(0))
        .or_else(|| here(MOST))
        .or_else(|| there(1))
}

/// The names that lead to a field of a mapping that `ray` takes there, and what it is called.
fn fields(
    of: Object,
    ray: Option<RayVersion>,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    schema::fields(of).filter_map(move |field| {
        let today = match field.renamed {
            Some(new) if !is_taken(field, ray) => schema::field(of, new)?,
            _ => field,
        };
        is_taken(today, ray).then_some((field.name, today.name))
    })
}

fn is_taken(field: &Field, ray: Option<RayVersion>) -> bool {
    let is_known = match ray {
        Some(ray) => field.is_known(ray),
        None => field.until.is_none(),
    };
    is_known && field.refused.is_none()
}

/// Which of the names is meant.
type Pick<'a> = &'a dyn Fn(&[&'static str]) -> Option<&'static str>;

/// The nearest mapping that has a field of such a name: below, then above and beside.
fn holder(of: Object, ray: Option<RayVersion>, pick: Pick) -> Option<(Spot, &'static str)> {
    if let Some(found) = below(of, ray, pick) {
        return Some(found);
    }
    let above = schema::FIELDS.iter().find(
        |field| matches!(field.is, Type::Object(inner) | Type::Objects(inner) if inner == of),
    )?;
    let spot = match above.of {
        Object::Config => Spot::Top,
        above => Spot::Above(above),
    };
    picked(above.of, ray, pick)
        .map(|name| (spot, name))
        .or_else(|| holder(above.of, ray, pick))
}

/// The mappings in a mapping, level by level.
fn below(of: Object, ray: Option<RayVersion>, pick: Pick) -> Option<(Spot, &'static str)> {
    let mut level = vec![of];
    // No Serve config is deeper.
    for _ in 0..4 {
        let inner = level.iter().flat_map(|of| schema::fields(*of));
        let inner: Vec<&'static Field> = inner.filter(|field| is_taken(field, ray)).collect();
        level.clear();
        for field in inner {
            let name = match field.is {
                Type::Object(inner) | Type::Objects(inner) => {
                    level.push(inner);
                    picked(inner, ray, pick)
                }
                Type::RuntimeEnv => pick(RUNTIME_ENV_KEYS),
                _ => None,
            };
            if let Some(name) = name {
                return Some((Spot::In(field), name));
            }
        }
    }
    None
}

fn picked(of: Object, ray: Option<RayVersion>, pick: Pick) -> Option<&'static str> {
    // The controller's takes so little that nobody means it.
    let is_meant =
        |name: &str| schema::field(of, name).is_none_or(|field| field.is != Type::ControllerEnv);
    let names = fields(of, ray).map(|(name, _)| name);
    let names: Vec<&str> = names.filter(|name| is_meant(name)).collect();
    let picked = pick(&names)?;
    let (_, today) = fields(of, ray).find(|(name, _)| *name == picked)?;
    Some(today)
}

impl Suggestion {
    /// As the end of a sentence about a field called `name`.
    pub(super) fn told(self, name: &str) -> String {
        match self {
            Self::Words(words) => format!(": {words}"),
            Self::Rename(name) => format!(": did you mean \"{name}\"?"),
            Self::Move {
                to,
                from,
                name: meant,
            } => {
                let place = Place { to, from };
                if meant == name {
                    format!(": it belongs {place}")
                } else {
                    format!(": did you mean \"{meant}\", {place}?")
                }
            }
        }
    }
}

/// Where a field belongs, as seen from where it is.
struct Place {
    to: Spot,
    from: Object,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = match self.to {
            Spot::Top => return f.write_str("at the top"),
            Spot::Above(object) => return write!(f, "in {}", object.noun()),
            Spot::In(field) => field,
        };
        let entry = match field.is {
            Type::Objects(_) => "an entry of ",
            _ => "",
        };
        write!(f, "in {entry}\"{}\"", field.name)?;
        match field.of {
            of if of == self.from => Ok(()),
            Object::Config => f.write_str(" at the top"),
            Object::RayActorOptions => f.write_str(" in ray_actor_options of a deployment"),
            of => write!(f, " of {}", of.noun()),
        }
    }
}

#[cfg(test)]
#[path = "suggest_tests.rs"]
mod tests;

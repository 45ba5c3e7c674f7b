//! What tests on the cluster wait for a turn at something that they share, which is no part of their
//! own time: libtest cannot tell the one from the other.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};

use super::pass::Time;

/// Names the file; nothing is written where it is not set.
const FILE: &str = "KUBECTL_RAY_TURNS";

/// Called by a test that has waited.
pub fn waited(test: &str, time: Duration) {
    let Some(path) = env::var_os(FILE) else {
        return;
    };
    let line = format!("{test} {:.3}\n", time.as_secs_f64());
    let file = OpenOptions::new().create(true).append(true).open(path);
    // Only a figure is wrong where this fails.
    let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
}

/// The file in which the tests of one run tell it.
pub(super) struct Turns(PathBuf);

impl Turns {
    pub(super) fn begin(path: PathBuf, command: &mut Command) -> Self {
        command.env(FILE, &path);
        Self(path)
    }

    /// Takes it off what libtest has measured.
    pub(super) fn end(self, times: &mut [Time]) -> Result<()> {
        let told = match fs::read_to_string(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            told => told.with_context(|| format!("cannot read {}", self.0.display()))?,
        };
        fs::remove_file(&self.0).with_context(|| format!("cannot remove {}", self.0.display()))?;
        let mut waited: BTreeMap<&str, f64> = BTreeMap::new();
        for (test, seconds) in told.lines().filter_map(|line| line.rsplit_once(' ')) {
            *waited.entry(test).or_default() += seconds.parse().unwrap_or(0.0);
        }
        for time in times {
            let waited = waited.get(time.name.as_str()).unwrap_or(&0.0);
            time.seconds = (time.seconds - waited).max(0.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_was_waited_for_is_no_part_of_a_test_s_time() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("turns");
        fs::write(&path, "login::a 2.5\nlogin::b 9\nlogin::a 1\n").expect("a file");
        let time = |name: &str, seconds| Time {
            package: "e2e".to_owned(),
            name: name.to_owned(),
            seconds,
        };
        let mut times = [time("login::a", 10.0), time("login::c", 3.0)];
        let mut command = Command::new("true");
        let turns = Turns::begin(path.clone(), &mut command);
        turns.end(&mut times).expect("it is read");
        let own = times.map(|time| format!("{}: {:.1}", time.name, time.seconds));
        assert_eq!(own, ["login::a: 6.5", "login::c: 3.0"]);
        let turns = Turns::begin(path, &mut command);
        turns.end(&mut []).expect("nobody had to wait");
    }
}

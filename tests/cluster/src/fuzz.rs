//! `cargo cluster fuzz`: libFuzzer on what anybody may send or write, one target after the other.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    command::{last_lines, succeeds},
    layout::Layout,
    process::Process,
    progress::{note, step},
};

const CARGO_FUZZ: &str = "0.13.2";

/// Targets of `fuzz/`: the body of a review, the files of `inject`, and Serve configs.
pub const TARGETS: [(&str, Seeds); 3] = [
    ("review", reviews),
    ("manifest", manifests),
    ("config", configs),
];

pub type Seeds = fn(fixtures: &Path) -> Result<Vec<Vec<u8>>>;

/// An input that takes longer, or more memory, is a fault too.
const LIMITS: [&str; 3] = ["-timeout=30", "-rss_limit_mb=1024", "-max_len=16384"];

pub fn fuzz(layout: &Layout, seconds: u64, only: Option<&str>) -> Result<ExitCode> {
    if !succeeds(Command::new("cargo").args(["fuzz", "--version"])) {
        bail!("cargo-fuzz is missing: cargo install cargo-fuzz --version {CARGO_FUZZ} --locked");
    }
    let mut found = false;
    let chosen = |(target, _): &(&str, Seeds)| only.is_none_or(|only| only == *target);
    for (target, seeds) in TARGETS.into_iter().filter(chosen) {
        let program = build(layout, target)?;
        let work = layout.state.with_file_name("fuzz").join(target);
        let seeds = seeds(&layout.root.join("tests/fixtures"))?;
        found |= run(&program, &work, &seeds, target, seconds)?;
    }
    Ok(if found {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn build(layout: &Layout, target: &str) -> Result<PathBuf> {
    let building = step(format!("building the fuzz target {target}"));
    // The versions of the workspace; what only the targets need is added to it.
    fs::copy(
        layout.root.join("Cargo.lock"),
        layout.root.join("fuzz/Cargo.lock"),
    )
    .context("cannot copy Cargo.lock to fuzz/")?;
    // Flags that only a nightly compiler takes otherwise. No sanitizer: this is safe Rust.
    let status = Command::new("cargo")
        .args(["fuzz", "build", "--sanitizer", "none", target])
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(&layout.root)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the fuzz target {target} does not build ({status})");
    }
    building.done();
    let triple = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    let built = layout.root.join("fuzz/target").join(triple);
    Ok(built.join("release").join(target))
}

/// Fuzzes for as many seconds of processor time, and tells whether a fault was found.
fn run(program: &Path, work: &Path, seeds: &[Vec<u8>], target: &str, seconds: u64) -> Result<bool> {
    let [corpus, seed_dir, faults] = ["corpus", "seeds", "faults"].map(|dir| work.join(dir));
    for dir in [&corpus, &seed_dir, &faults] {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    for (index, seed) in seeds.iter().enumerate() {
        fs::write(seed_dir.join(index.to_string()), seed)?;
    }
    let log = work.join("log");
    note(format!(
        "fuzzing {target} for {seconds} s of processor time"
    ));
    let child = Command::new(program)
        .args([&corpus, &seed_dir])
        .arg(format!("-artifact_prefix={}/", faults.display()))
        .arg("-print_final_stats=1")
        .args(LIMITS)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log).with_context(|| format!("cannot write {}", log.display()))?)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let (status, used) = end_after(child, seconds)?;
    let said = fs::read_to_string(&log)?;
    let executions = executions(&said).unwrap_or(0);
    println!(
        "{target}: {executions} executions in {used} s of processor time, {} faults",
        u8::from(!status.success())
    );
    if !status.success() {
        note(last_lines(&said));
        note(format!("the input is in {}", faults.display()));
    }
    Ok(!status.success())
}

/// Wall time would count what other processes got: libFuzzer's own limit does.
fn end_after(mut child: Child, seconds: u64) -> Result<(ExitStatus, u64)> {
    let pid = i32::try_from(child.id())?;
    let mut used = 0;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, used));
        }
        used = processor_seconds(pid).unwrap_or(used);
        if used >= seconds
            && let Some(process) = Process::of(pid)
        {
            // It prints its figures and exits 0.
            process.signal(libc::SIGUSR1);
        }
        sleep(Duration::from_millis(500));
    }
}

fn processor_seconds(pid: i32) -> Option<u64> {
    const TICKS_PER_SECOND: u64 = 100;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    // Fields 14 and 15, in user and kernel mode; what is left starts with field 3.
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(|field| field.parse::<u64>().ok());
    Some(ticks.sum::<Option<u64>>()? / TICKS_PER_SECOND)
}

/// `stat::number_of_executed_units: 12345`
fn executions(said: &str) -> Option<u64> {
    let (_, count) = said.rsplit_once("stat::number_of_executed_units:")?;
    count.lines().next()?.trim().parse().ok()
}

// === Seeds, from the fixtures of the other tests ===

fn reviews(fixtures: &Path) -> Result<Vec<Vec<u8>>> {
    let mut reviews = Vec::new();
    for case in cases(&fixtures.join("rayclusters"))? {
        let object = read_yaml(&case.join("in.yaml"))?;
        let old = case.join("old.yaml");
        let old_object = if old.exists() {
            read_yaml(&old)?
        } else {
            Value::Null
        };
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "u",
                "namespace": "default",
                "name": object["metadata"]["name"].as_str().unwrap_or_default(),
                "operation": if old_object.is_null() { "CREATE" } else { "UPDATE" },
                "object": object,
                "oldObject": old_object,
            },
        });
        reviews.push(review.to_string().into_bytes());
    }
    Ok(reviews)
}

fn manifests(fixtures: &Path) -> Result<Vec<Vec<u8>>> {
    let mut manifests = Vec::new();
    for dir in ["rayclusters", "yaml"] {
        for case in cases(&fixtures.join(dir))? {
            manifests.push(fs::read(case.join("in.yaml"))?);
        }
    }
    Ok(manifests)
}

fn configs(fixtures: &Path) -> Result<Vec<Vec<u8>>> {
    let mut configs = vec![fs::read(fixtures.join("serve/two_apps.yaml"))?];
    for dir in ["serve/docs", "serve/held"] {
        let dir = fixtures.join(dir);
        for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
            let file = entry?.path();
            if file.is_file() {
                configs.push(fs::read(file)?);
            }
        }
    }
    Ok(configs)
}

fn cases(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        cases.extend(Some(entry?.path()).filter(|path| path.is_dir()));
    }
    Ok(cases)
}

fn read_yaml(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file)?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is not YAML", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixture_is_a_seed() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
        for seed in reviews(&fixtures).unwrap() {
            let review: Value = serde_json::from_slice(&seed).unwrap();
            assert!(review["request"]["object"].is_object());
        }
        assert!(manifests(&fixtures).unwrap().len() > reviews(&fixtures).unwrap().len());
        assert!(configs(&fixtures).unwrap().len() > 10);
    }

    #[test]
    fn the_last_figures_count() {
        let said =
            "#8 pulse\nstat::number_of_executed_units: 4711\nstat::average_exec_per_sec: 9\n";
        assert_eq!(executions(said), Some(4711));
        assert_eq!(executions("no figures"), None);
    }

    #[test]
    fn processor_time_is_read() {
        assert!(processor_seconds(i32::try_from(std::process::id()).unwrap()).is_some());
    }
}

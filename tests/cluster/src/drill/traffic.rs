//! `cargo cluster drill traffic`.

use std::{
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, ensure};
use clap::{Args, builder::PossibleValuesParser};

use super::{
    chaos::chaos,
    cluster::Cluster,
    column::{Chart, Column},
    plan,
    stage::{Drill, Outcome, Stage},
    table::{Row, Table},
};
use crate::{
    layout::Layout,
    progress::note,
    target::{Prepared, Target},
    wait::{catch_interrupts, is_interrupted},
};

const CHAOS: &str = "chaos";

#[derive(Args, Clone, Debug)]
pub struct Traffic {
    #[command(flatten)]
    target: Target,
    /// Only this drill; can be repeated
    #[arg(long = "drill", value_name = "NAME", value_parser = PossibleValuesParser::new(plan::ALL.iter().map(|drill| drill.name)))]
    drills: Vec<String>,
    /// Only this column of the table
    #[arg(long, value_enum)]
    only: Option<Column>,
    /// Only the drills that CI plays, each in its short form
    #[arg(long)]
    short: bool,
    /// Play random faults for so long with the controller, and no drill that is not named
    #[arg(long, value_name = "SECONDS")]
    chaos: Option<u64>,
    /// Play the same random faults again
    #[arg(long, requires = "chaos")]
    seed: Option<u64>,
}

impl Traffic {
    fn drills(&self) -> Vec<&'static Drill> {
        let is_wanted = |drill: &&Drill| match (&self.drills[..], self.chaos) {
            ([], Some(_)) => false,
            ([], None) => drill.is_short || !self.short,
            (names, _) => names.iter().any(|name| name == drill.name),
        };
        plan::ALL.iter().filter(is_wanted).collect()
    }

    fn columns(&self) -> Vec<Column> {
        let is_wanted = |column: &Column| self.only.is_none_or(|only| only == *column);
        Column::ALL.into_iter().filter(is_wanted).collect()
    }
}

pub(super) fn drill(layout: &Layout, traffic: &Traffic) -> Result<ExitCode> {
    let (drills, columns) = (traffic.drills(), traffic.columns());
    let is_played = |column: &Column| {
        let has_chaos = traffic.chaos.is_some() && *column == Column::With;
        has_chaos || drills.iter().any(|drill| drill.columns.contains(column))
    };
    let columns: Vec<Column> = columns.into_iter().filter(is_played).collect();
    ensure!(
        !columns.is_empty(),
        "nothing to play: these drills have no such column"
    );
    let prepared = traffic.target.prepare(layout)?;
    catch_interrupts()?;
    let mut rows: Vec<Row> = drills.iter().map(|d| Row::new(d.name, d.says)).collect();
    if traffic.chaos.is_some() {
        rows.push(Row::new(CHAOS, "faults at random"));
    }
    let mut table = Table::new(&columns, rows);
    let played: Result<Vec<bool>> = columns
        .iter()
        .map(|column| play(traffic, &prepared, *column, &drills, &mut table))
        .collect();
    // Also where the last of many drills was interrupted.
    println!("{table}");
    println!(
        "Ray {}, KubeRay {}, one node. Failed of sent: 100 requests a second with a connection each, \
         10 a second on one that is kept, no retries, a limit of 5 s.",
        prepared.ray, prepared.kuberay
    );
    let all_is_well = played?.into_iter().all(|is_well| is_well);
    Ok(if all_is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Plays one column, and tells whether all was as it must be.
fn play(
    traffic: &Traffic,
    prepared: &Prepared,
    column: Column,
    drills: &[&Drill],
    table: &mut Table,
) -> Result<bool> {
    let _chart = Chart::install(prepared, column)?;
    let mut stage = Stage {
        prepared,
        column,
        cluster: Cluster::create(prepared, column)?,
        is_short: traffic.short,
    };
    let mut all_is_well = true;
    let mut tell = |name: &str, outcome: Result<Outcome>| {
        let cell = match &outcome {
            Ok(outcome) => outcome.to_string(),
            Err(error) => format!("error: {error:#}"),
        };
        all_is_well &= outcome.is_ok_and(|outcome| outcome.faults.is_empty());
        note(format!("{name}, {column} the controller: {cell}"));
        table.set(name, column, cell);
    };
    for drill in drills.iter().filter(|d| d.columns.contains(&column)) {
        ensure!(!is_interrupted(), "interrupted");
        note(format!("drill {}: {}", drill.name, drill.says));
        let began = Instant::now();
        let outcome = (drill.play)(&mut stage);
        tell(drill.name, outcome);
        note(format!("it took {} s", began.elapsed().as_secs()));
    }
    if let Some(seconds) = traffic.chaos
        && column == Column::With
    {
        let seed = traffic.seed.unwrap_or_else(a_seed);
        let outcome = chaos(&mut stage, Duration::from_secs(seconds), seed);
        tell(CHAOS, outcome);
    }
    stage.cluster.end();
    Ok(all_is_well)
}

fn a_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        traffic: Traffic,
    }

    fn drills(arguments: &[&str]) -> Vec<&'static str> {
        let line = ["traffic"].iter().chain(arguments);
        let line = Line::try_parse_from(line).unwrap_or_else(|error| panic!("{error}"));
        line.traffic
            .drills()
            .iter()
            .map(|drill| drill.name)
            .collect()
    }

    #[test]
    fn the_command_line_chooses_drills() {
        assert_eq!(drills(&[]).len(), plan::ALL.len());
        assert_eq!(drills(&["--short"]), ["first-submit", "head-only-3"]);
        // In the order in which they are played, whatever the form.
        let named = ["--drill", "evict", "--drill", "delete"];
        assert_eq!(drills(&named), ["delete", "evict"]);
        let short = [&named[..], &["--short"]].concat();
        assert_eq!(drills(&short), ["delete", "evict"]);
        assert!(drills(&["--chaos", "60"]).is_empty());
        let both = [&named[..], &["--chaos", "60"]].concat();
        assert_eq!(drills(&both), ["delete", "evict"]);
    }
}

//! The schedule by a clock that the tests move themselves.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// Moves nothing.
fn middle() -> f64 {
    0.5
}

/// Runs the schedule for a time, with probes that take `took`, and counts those that started.
fn run<R: FnMut() -> f64>(
    schedule: &mut Schedule<u32, R>,
    start: Instant,
    length: Duration,
    took: Duration,
) -> usize {
    let mut running: BTreeSet<(Instant, u32)> = BTreeSet::new();
    let mut started = 0;
    let mut now = start;
    while now < start + length {
        while let Some((end, key)) = running.first().copied().filter(|(end, _)| *end <= now) {
            running.remove(&(end, key));
            schedule.finish(&key, took, now);
        }
        let new = schedule.start(now);
        started += new.len();
        running.extend(new.into_iter().map(|key| (now + took, key)));
        assert!(running.len() <= AT_ONCE as usize);
        let ends = running.first().map(|(end, _)| *end);
        let next = [ends, schedule.next(now)].into_iter().flatten().min();
        now = next.unwrap_or(start + length).max(now + MILLISECOND);
    }
    started
}

#[test]
fn a_pod_is_probed_at_its_pace_give_or_take_a_fifth() {
    for (random, expected) in [(0.0, 800), (0.5, 1000), (1.0, 1200)] {
        let now = Instant::now();
        let mut schedule = Schedule::new(|| random, now);
        schedule.plan(&1, Some(SECOND), now);
        assert_eq!(schedule.start(now), [1]);
        assert_eq!(schedule.next(now), None);
        schedule.finish(&1, 5 * MILLISECOND, now + 5 * MILLISECOND);
        let next = schedule.next(now + 5 * MILLISECOND).unwrap();
        assert_eq!(next - now, expected * MILLISECOND, "{random}");
        assert_eq!(schedule.start(now + (expected - 1) * MILLISECOND), [0; 0]);
        assert_eq!(schedule.start(next), [1]);
    }
}

#[test]
fn a_probe_that_took_longer_than_its_pace_is_followed_at_once() {
    let now = Instant::now();
    let mut schedule = Schedule::new(middle, now);
    schedule.plan(&1, Some(SECOND), now);
    schedule.start(now);
    let late = now + 3 * SECOND;
    schedule.finish(&1, 3 * SECOND, late);
    assert_eq!(schedule.start(late), [1]);
}

#[test]
fn another_pace_counts_from_the_last_probe() {
    let now = Instant::now();
    let mut schedule = Schedule::new(middle, now);
    schedule.plan(&1, Some(SECOND), now);
    schedule.start(now);
    schedule.finish(&1, MILLISECOND, now + MILLISECOND);
    // The second look after a refusal.
    schedule.plan(&1, Some(200 * MILLISECOND), now + MILLISECOND);
    assert_eq!(schedule.next(now), Some(now + 200 * MILLISECOND));
    // The same pace again moves nothing.
    schedule.plan(&1, Some(200 * MILLISECOND), now + 100 * MILLISECOND);
    assert_eq!(schedule.next(now), Some(now + 200 * MILLISECOND));
    // A pace that is over already is due now.
    let later = now + 900 * MILLISECOND;
    schedule.plan(&1, Some(300 * MILLISECOND), later);
    assert_eq!(schedule.start(later), [1]);
    // While the probe runs, a pace waits for its end.
    schedule.plan(&1, Some(5 * SECOND), later);
    assert_eq!(schedule.start(later + 10 * SECOND), [0; 0]);
    schedule.finish(&1, MILLISECOND, later + MILLISECOND);
    assert_eq!(schedule.next(later), Some(later + 5 * SECOND));
}

#[test]
fn a_pod_that_is_not_to_be_probed_is_forgotten() {
    let now = Instant::now();
    let mut schedule = Schedule::new(middle, now);
    schedule.plan(&1, Some(SECOND), now);
    schedule.plan(&2, Some(SECOND), now);
    schedule.plan(&1, None, now);
    assert_eq!(schedule.start(now), [2]);
    schedule.forget(&2);
    schedule.finish(&2, MILLISECOND, now + MILLISECOND);
    assert_eq!(schedule.next(now), None);
    assert_eq!((schedule.demand, schedule.running), (0, 0));
}

#[test]
fn beyond_a_thousand_a_second_all_intervals_stretch_evenly() {
    let now = Instant::now();
    let mut schedule = Schedule::new(middle, now);
    for key in 0..10_000 {
        schedule.plan(&key, Some(SECOND), now);
    }
    assert!((schedule.stretch() - 10.0).abs() < 1e-9);
    // The first picture of all pods needs ten seconds, and so does each after it.
    let started = run(&mut schedule, now, 10 * SECOND, 5 * MILLISECOND);
    assert!((9_900..=10_300).contains(&started), "{started}");
    let begun = schedule
        .entries
        .values()
        .filter(|entry| entry.started_at.is_some());
    assert!(begun.count() >= 9_900);
    let started = run(
        &mut schedule,
        now + 10 * SECOND,
        30 * SECOND,
        5 * MILLISECOND,
    );
    assert!((29_000..=30_300).contains(&started), "{started}");
}

#[test]
fn where_nobody_answers_256_probes_at_once_are_the_bound() {
    let now = Instant::now();
    let mut schedule = Schedule::new(middle, now);
    for key in 0..1000 {
        schedule.plan(&key, Some(SECOND), now);
    }
    let started = run(&mut schedule, now, 20 * SECOND, SECOND);
    assert!((4_800..=5_400).contains(&started), "{started}");
    let expected = 1000.0 / 256.0;
    assert!((schedule.stretch() - expected).abs() < 0.01);
    let probes = schedule.entries.values().map(|entry| entry.started_at);
    let oldest = probes.min().flatten().unwrap();
    assert!(now + 20 * SECOND - oldest < 6 * SECOND);
}

//! What holds for any sequence of probes, of pods that come and go, and of changes that are refused.

mod world;

use std::time::Duration;

use proptest::prelude::*;
use ray_serve_controller::traffic::change::{Change, Reselection};
use ray_serve_controller::traffic::event::Cause;
use ray_serve_controller::traffic::pod::{Pod, ServeLabel};
use ray_serve_controller::traffic::probe::Outcome;

use world::{Controller, Step, World, outcome, step, takes_out};

/// `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = std::env::var_os("PROPTEST_CASES").map(|_| default.cases);
    ProptestConfig {
        cases: asked.unwrap_or(300),
        failure_persistence: None,
        ..default
    }
}

/// Lets a step happen, and every controller learn of it in turn and act. `judge` sees the world before
/// each change, and the change.
fn live(
    world: &mut World,
    controllers: &mut [Controller],
    step: &Step,
    judge: &mut impl FnMut(&World, &Controller, &Change) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    world.happen(step);
    let rounds = match step {
        Step::Rounds(_, rounds) => *rounds,
        _ => 1,
    };
    for _ in 0..rounds {
        match step {
            Step::Rounds(outcomes, _) => {
                for (index, outcome) in outcomes.iter().enumerate() {
                    world.now += Duration::from_millis(170);
                    for controller in &mut *controllers {
                        controller.probe(world, index, *outcome);
                        act(world, controller, judge)?;
                    }
                }
            }
            Step::Probe(index, outcome) => {
                for controller in &mut *controllers {
                    controller.probe(world, *index, *outcome);
                    act(world, controller, judge)?;
                }
            }
            _ => {}
        }
        for controller in &mut *controllers {
            controller.watch(world);
            act(world, controller, judge)?;
        }
    }
    Ok(())
}

fn act(
    world: &mut World,
    controller: &mut Controller,
    judge: &mut impl FnMut(&World, &Controller, &Change) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    for change in controller.decide(world) {
        judge(world, controller, &change)?;
        if !world.apply(&change) {
            break;
        }
        controller.state.took(&change, world.now);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_controller_keeps_the_rules(steps in proptest::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        let mut controllers = [Controller::new()];
        for step in &steps {
            live(&mut world, &mut controllers, step, &mut keeps_the_rules)?;
        }
    }

    /// What is asked for when nothing happens is done in a few rounds, and then nothing is asked for.
    #[test]
    fn at_rest_nothing_is_written(steps in proptest::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        let mut controllers = [Controller::new()];
        for step in &steps {
            live(&mut world, &mut controllers, step, &mut keeps_the_rules)?;
        }
        world.happen(&Step::Refuse(0));
        let [controller] = &mut controllers;
        controller.watch(&world);
        let rounds = (0..5).take_while(|_| !controller.act(&mut world).is_empty()).count();
        prop_assert!(rounds < 5);
        controller.watch(&world);
        prop_assert_eq!(controller.decide(&world), []);
    }

    /// A controller that starts writes nothing to a cluster in order: the second one knows nothing of what
    /// the first one did, and sees what it did by the watches alone.
    #[test]
    fn a_restart_writes_nothing(outcomes in proptest::collection::vec(outcome(), 6)) {
        let (mut world, mut first) = running(&outcomes);
        settle(&mut world, &mut first, &outcomes);
        let before = (world.pods.clone(), world.service.clone());
        let mut second = Controller::new();
        second.watch(&world);
        for change in second.decide(&world) {
            prop_assert!(matches!(change, Change::Tell(_)), "{:?}", change);
        }
        settle(&mut world, &mut second, &outcomes);
        prop_assert_eq!(before, (world.pods, world.service));
    }

    /// Two that hold themselves for the leader write the same in the end as one, in whatever order they
    /// act, and keep the rules meanwhile as far as one can that sees the other's changes late.
    #[test]
    fn two_controllers_converge(
        steps in proptest::collection::vec((step(), any::<bool>()), 1..40),
        outcomes in proptest::collection::vec(outcome(), 6),
        order in any::<bool>(),
    ) {
        let mut world = World::new();
        let mut controllers = [Controller::new(), Controller::new()];
        for (step, swaps) in &steps {
            live(&mut world, &mut controllers, step, &mut |world, _, change| {
                spares_terminating(world, change)
            })?;
            if *swaps {
                controllers.swap(0, 1);
            }
        }
        world.happen(&Step::Refuse(0));
        // Long enough for the limit on unknown results to pass several times.
        for _ in 0..60 {
            for (index, outcome) in outcomes.iter().enumerate() {
                for controller in &mut controllers {
                    controller.probe(&world, index, *outcome);
                }
                world.now += Duration::from_millis(170);
            }
            if order {
                controllers.swap(0, 1);
            }
            for controller in &mut controllers {
                controller.watch(&world);
                controller.act(&mut world);
            }
        }
        for controller in &mut controllers {
            controller.watch(&world);
            prop_assert_eq!(controller.decide(&world), []);
        }
    }
}

/// The rules that hold for every single change.
fn keeps_the_rules(
    world: &World,
    controller: &Controller,
    change: &Change,
) -> Result<(), TestCaseError> {
    spares_terminating(world, change)?;
    if takes_out(change) && world.is_narrowed() {
        prop_assert!(
            world.endpoints() != 1 || !is_last(world, change),
            "emptied by {:?}",
            change
        );
    }
    match change {
        Change::LabelPod(label) => {
            let known = controller.state.pod(&label.uid).unwrap();
            prop_assert_ne!(known.seen.label, label.to.label());
            prop_assert_ne!(known.seen.label, ServeLabel::Other);
            let last = known.probes.last();
            match label.cause {
                Cause::Serves => prop_assert_eq!(last, Some(Outcome::Serves)),
                Cause::Leaving => prop_assert_eq!(last, Some(Outcome::Leaving)),
                Cause::Refused => prop_assert_eq!(last, Some(Outcome::Refused)),
                Cause::Unknown => {
                    prop_assert!(last.unwrap().is_unknown() && known.probes.run() >= 3);
                }
                Cause::NewHead | Cause::NobodyElse => prop_assert!(known.is_head()),
            }
        }
        Change::SelectPods(select) => {
            prop_assert_eq!(select.why, Reselection::Narrow);
            let serves = |pod: &&Pod| pod.probes.serves() && pod.is_endpoint();
            let labelled = controller.state.pods().filter(serves);
            prop_assert!(labelled.count() > 0, "narrowed to nobody");
            // All that are known to serve are there.
            let outside =
                |pod: &Pod| pod.probes.serves() && !pod.seen.is_terminating && !pod.is_in();
            prop_assert!(!controller.state.pods().any(outside));
        }
        Change::Tell(event) => prop_assert!(event.topic().is_some()),
    }
    Ok(())
}

/// A pod that is being deleted is never changed, once the controller knows of it.
fn spares_terminating(world: &World, change: &Change) -> Result<(), TestCaseError> {
    if let Change::LabelPod(label) = change {
        let pod = world.pod(&label.uid);
        prop_assert!(pod.is_none_or(|pod| !pod.is_terminating), "{:?}", change);
    }
    Ok(())
}

/// Whether the change takes out the one endpoint that is left.
fn is_last(world: &World, change: &Change) -> bool {
    let Change::LabelPod(label) = change else {
        return false;
    };
    let pod = world.pod(&label.uid).unwrap();
    pod.label == ServeLabel::In && pod.is_ready && !pod.is_terminating
}

/// A cluster of six running pods, and its controller.
fn running(outcomes: &[Outcome]) -> (World, Controller) {
    let mut world = World::new();
    for index in 0..outcomes.len() {
        for step in [
            Step::Create(index, index == 0),
            Step::Start(index),
            Step::Ready(index, true),
        ] {
            world.happen(&step);
        }
    }
    let mut controller = Controller::new();
    controller.watch(&world);
    (world, controller)
}

/// Probes all pods for a minute, with the same results, and lets the controller act.
fn settle(world: &mut World, controller: &mut Controller, outcomes: &[Outcome]) {
    for _ in 0..60 {
        for (index, outcome) in outcomes.iter().enumerate() {
            controller.probe(world, index, *outcome);
            controller.act(world);
            world.now += Duration::from_millis(170);
        }
        controller.watch(world);
    }
}

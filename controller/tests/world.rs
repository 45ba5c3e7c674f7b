//! What three watches tell, in any order, with lists between.

use std::time::Instant;

use proptest::prelude::*;
use ray_serve_controller::traffic::Cluster;
use ray_serve_controller::traffic::pod::{NodeType, SeenPod, ServeLabel};
use ray_serve_controller::traffic::service::{ServeService, broad};
use ray_serve_controller::world::{Key, Kind, Seen, Source, World};

fn key(name: &str) -> Key {
    Key {
        namespace: "team".to_owned(),
        name: name.to_owned(),
    }
}

fn cluster(name: &str, uid: &str) -> Seen {
    Seen::Cluster(Cluster {
        namespace: "team".to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
        out_of_scope: None,
    })
}

fn pod(of: &str, uid: &str) -> Seen {
    let seen = SeenPod {
        name: uid.to_owned(),
        uid: uid.to_owned(),
        node_type: NodeType::Worker,
        ip: None,
        is_ready: true,
        is_terminating: false,
        label: ServeLabel::Absent,
        container: None,
    };
    Seen::Pod(key(of), seen)
}

fn service(of: &str, uid: &str, owner: &str) -> Seen {
    let service = ServeService {
        name: format!("{of}-serve-svc"),
        uid: uid.to_owned(),
        owner_uid: Some(owner.to_owned()),
        selector: broad(of),
        port: Some(8000),
    };
    Seen::Service(key(of), service)
}

/// `x: 1 pod, service`
fn shown(world: &World) -> Vec<String> {
    let states = world.states().map(|(key, state)| {
        let uids: Vec<&str> = state.pods().map(|pod| pod.seen.uid.as_str()).collect();
        let service = if state.service().is_some() { " +" } else { "" };
        format!(
            "{}/{} {}{service}",
            key.name,
            state.cluster().uid,
            uids.join(",")
        )
    });
    states.collect()
}

#[test]
fn a_new_cluster_of_the_name_has_the_pods_that_are_left_and_none_of_the_old_service() {
    let now = Instant::now();
    let mut world = World::default();
    for seen in [
        cluster("x", "1"),
        pod("x", "old"),
        service("x", "s", "1"),
        cluster("x", "2"),
        pod("x", "new"),
    ] {
        world.see(seen, now);
    }
    // The service is the old cluster's: nothing is narrowed there.
    assert_eq!(shown(&world), ["x/2 new,old"]);
    // What is told late of the old one takes nothing from the new one.
    world.forget(Kind::Cluster, &key("x"), "1", now);
    world.forget(Kind::Pod, &key("x"), "old", now);
    assert_eq!(shown(&world), ["x/2 new"]);
}

#[test]
fn what_a_list_does_not_tell_again_is_gone() {
    let now = Instant::now();
    let mut world = World::default();
    for seen in [
        cluster("x", "1"),
        cluster("y", "2"),
        pod("x", "a"),
        pod("x", "b"),
        service("x", "s", "1"),
    ] {
        world.see(seen, now);
    }
    world.begin_list(all(Kind::Pod));
    world.see(pod("x", "b"), now);
    // In the list, and deleted before it ended.
    world.forget(Kind::Pod, &key("x"), "b", now);
    world.see(pod("x", "c"), now);
    assert_eq!(world.end_list(&all(Kind::Pod), now), [key("x")].into());
    assert_eq!(shown(&world), ["x/1 c +", "y/2 "]);
    world.begin_list(all(Kind::Cluster));
    world.see(cluster("x", "1"), now);
    world.end_list(&all(Kind::Cluster), now);
    assert_eq!(shown(&world), ["x/1 c +"]);
    world.begin_list(all(Kind::Service));
    world.end_list(&all(Kind::Service), now);
    assert_eq!(shown(&world), ["x/1 c"]);
}

proptest! {
    /// The order in which the watches tell of what is there makes no difference.
    #[test]
    fn any_order_gives_the_same(order in Just(vec![0, 1, 2, 3, 4, 5]).prop_shuffle()) {
        let now = Instant::now();
        let all = [
            cluster("x", "1"),
            cluster("y", "2"),
            pod("x", "a"),
            pod("x", "b"),
            pod("y", "c"),
            service("x", "s", "1"),
        ];
        let mut world = World::default();
        for index in order {
            world.see(all[index].clone(), now);
        }
        prop_assert_eq!(shown(&world), ["x/1 a,b +", "y/2 c"]);
    }

    /// When all is told to be gone, nothing is kept, whatever goes first.
    #[test]
    fn nothing_is_kept_of_what_is_gone(order in Just(vec![0, 1, 2]).prop_shuffle()) {
        let now = Instant::now();
        let mut world = World::default();
        for seen in [cluster("x", "1"), pod("x", "a"), service("x", "s", "1")] {
            world.see(seen, now);
        }
        let gone = [(Kind::Cluster, "1"), (Kind::Pod, "a"), (Kind::Service, "s")];
        for index in order {
            let (kind, uid) = gone[index];
            world.forget(kind, &key("x"), uid, now);
        }
        prop_assert_eq!(format!("{world:?}"), format!("{:?}", World::default()));
    }
}

fn all(kind: Kind) -> Source {
    Source {
        kind,
        namespace: None,
    }
}

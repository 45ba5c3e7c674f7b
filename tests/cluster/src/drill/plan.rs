//! All drills, in the order in which they are played.

use super::{
    blind,
    column::Column,
    controller, placement, proxies, release,
    stage::{Drill, ONLY_WITH},
    workers,
};

const BOTH: &[Column] = &Column::ALL;

pub(super) const ALL: &[Drill] = &[
    Drill {
        name: "first-submit",
        says: "a new cluster's first application, one replica, three workers",
        columns: BOTH,
        is_short: true,
        play: placement::first_submit,
    },
    Drill {
        name: "head-only-3",
        says: "`proxy_location: HeadOnly`, three workers",
        columns: BOTH,
        is_short: true,
        play: placement::head_only_three,
    },
    Drill {
        name: "head-only-1",
        says: "`proxy_location: HeadOnly`, one worker",
        columns: BOTH,
        is_short: false,
        play: placement::head_only_one,
    },
    Drill {
        name: "replicas",
        says: "1, 6, 1 replicas, three times",
        columns: BOTH,
        is_short: false,
        play: placement::replicas,
    },
    Drill {
        name: "scale-in",
        says: "three workers are scaled to one",
        columns: BOTH,
        is_short: false,
        play: workers::scale_in,
    },
    Drill {
        name: "delete",
        says: "`kubectl delete pod` of a worker",
        columns: BOTH,
        is_short: false,
        play: workers::delete,
    },
    Drill {
        name: "force-delete",
        says: "the same with `--force --grace-period=0`",
        columns: BOTH,
        is_short: false,
        play: workers::force_delete,
    },
    Drill {
        name: "evict",
        says: "each worker is evicted when the last is back",
        columns: BOTH,
        is_short: false,
        play: workers::evict,
    },
    Drill {
        name: "kill-proxy",
        says: "a worker's proxy is killed",
        columns: BOTH,
        is_short: false,
        play: proxies::kill_proxy,
    },
    Drill {
        name: "stop-proxy",
        says: "a worker's proxy hangs for 20 s",
        columns: BOTH,
        is_short: false,
        play: proxies::stop_proxy,
    },
    Drill {
        name: "kill-leader",
        says: "`replicas`, and the controller that leads is killed in each round",
        columns: ONLY_WITH,
        is_short: false,
        play: controller::kill_leader,
    },
    Drill {
        name: "restart-controller",
        says: "`replicas`, and the controller is restarted in each round",
        columns: ONLY_WITH,
        is_short: false,
        play: controller::restart,
    },
    Drill {
        name: "blind",
        says: "the controller reaches no pod, then all but one",
        columns: ONLY_WITH,
        is_short: false,
        play: blind::blind,
    },
    Drill {
        name: "restart-operator",
        says: "KubeRay's operator is restarted",
        columns: ONLY_WITH,
        is_short: false,
        play: release::restart_operator,
    },
    Drill {
        name: "delete-service",
        says: "the serve service is deleted",
        columns: ONLY_WITH,
        is_short: false,
        play: release::delete_service,
    },
    Drill {
        name: "edit-selector",
        says: "the serve service's selector is edited by hand",
        columns: ONLY_WITH,
        is_short: false,
        play: release::edit_selector,
    },
    Drill {
        name: "uninstall",
        says: "`helm uninstall`",
        columns: ONLY_WITH,
        is_short: false,
        play: release::uninstall,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_drill_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = ALL.iter().map(|drill| drill.name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn the_short_form_is_a_part_of_the_long_one_in_both_columns() {
        let short: Vec<&Drill> = ALL.iter().filter(|drill| drill.is_short).collect();
        assert!(!short.is_empty() && short.len() < ALL.len());
        assert!(short.iter().all(|drill| drill.columns == BOTH));
    }
}

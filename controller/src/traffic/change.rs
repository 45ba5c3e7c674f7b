//! What to change in the cluster, each change complete: whom, to what, and if what was seen is still so.

use super::event::{Cause, Event};
use super::pod::ServeLabel;
use super::service::Selector;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    LabelPod(LabelPod),
    SelectPods(SelectPods),
    /// Changes nothing: only tells.
    Tell(Event),
}

/// Sets the label of one pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelPod {
    pub pod: String,
    pub uid: String,
    pub to: Membership,
    pub cause: Cause,
}

/// Exchanges the selector of the serve service, if it is still the one that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectPods {
    pub service: String,
    pub uid: String,
    pub from: Selector,
    pub to: Selector,
    pub why: Reselection,
}

/// Whether a pod is to get the traffic of a narrowed serve service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    In,
    Out,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reselection {
    /// To the pods that answer, or to the head.
    Narrow,
    /// Back to what the operator makes.
    GiveBack,
}

impl Membership {
    pub fn label(self) -> ServeLabel {
        match self {
            Self::In => ServeLabel::In,
            Self::Out => ServeLabel::Out,
        }
    }
}

impl Change {
    /// The event for a change that the API server has taken.
    pub fn event(&self) -> Event {
        match self {
            Self::LabelPod(LabelPod { pod, to, cause, .. }) => {
                let (pod, cause) = (pod.clone(), *cause);
                match to {
                    Membership::In => Event::Joined { pod, cause },
                    Membership::Out => Event::Left { pod, cause },
                }
            }
            Self::SelectPods(SelectPods {
                service, to, why, ..
            }) => {
                let service = service.clone();
                match why {
                    Reselection::Narrow => Event::Narrowed {
                        service,
                        to_head: to.contains_key(kuberay::labels::NODE_TYPE),
                    },
                    Reselection::GiveBack => Event::GivenBack { service },
                }
            }
            Self::Tell(event) => event.clone(),
        }
    }
}

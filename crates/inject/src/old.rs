//! The object before an update: more than one asks for it, and it is read once.

use std::cell::OnceCell;

use serde_json::Value;

use crate::cluster::{Cluster, Unreadable};

pub(crate) struct Old<'a> {
    pub(crate) object: &'a Value,
    cluster: OnceCell<Result<Cluster<'a>, Unreadable>>,
}

impl<'a> Old<'a> {
    pub(crate) fn new(object: &'a Value) -> Self {
        Self {
            object,
            cluster: OnceCell::new(),
        }
    }

    pub(crate) fn cluster(&self) -> Result<&Cluster<'a>, &Unreadable> {
        let read = || Cluster::read(self.object);
        self.cluster.get_or_init(read).as_ref()
    }
}

//! A review: the HTTP request it comes in, the `AdmissionReview`, and the objects in it.

pub mod admission;
mod excerpt;
pub mod http;

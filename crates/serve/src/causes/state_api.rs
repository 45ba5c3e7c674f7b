//! Lists of Ray's state API. What it does not give is an empty list: they only help to explain.

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::request::Request;
use crate::http::{Client, Dial};

#[derive(Deserialize)]
struct Answer<T> {
    data: Data<T>,
}

#[derive(Deserialize)]
struct Data<T> {
    result: Page<T>,
}

#[derive(Deserialize)]
struct Page<T> {
    result: Vec<T>,
}

pub(super) async fn list<T: DeserializeOwned>(
    client: &mut Client<impl Dial>,
    request: &Request,
) -> Vec<T> {
    match client.send(request).await {
        Ok(answer) if answer.status == StatusCode::OK => read(&answer.body),
        _ => Vec::new(),
    }
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Vec<T> {
    let answer: Option<Answer<T>> = serde_json::from_slice(body).ok();
    answer.map_or_else(Vec::new, |answer| answer.data.result.result)
}

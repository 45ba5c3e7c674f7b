//! The client of Serve's REST API that commands use: over whatever the connection flags say.

use ray_serve_client::DialError;
use ray_serve_client::api::RayVersion;

use super::flags::ConnectionFlags;
use super::{ClusterName, Error, Target};

/// The program's name for Ray and for applications.
pub const AGENT: &str = concat!("kubectl-ray/", env!("CARGO_PKG_VERSION"));

pub type Client = ray_serve_client::Client<Target>;

/// To the head of `cluster`, or to the address that the flags give.
pub fn client(flags: &ConnectionFlags, cluster: &ClusterName) -> Result<Client, Error> {
    let target = Target::new(flags, cluster)?;
    Ok(Client::new(target, flags.request_timeout.0, AGENT))
}

/// What runs there; what the `RayCluster` says runs there if the dashboard does not tell.
pub async fn ray_version(
    client: &mut Client,
) -> Result<Option<RayVersion>, ray_serve_client::Error> {
    let told = client.ray_version().await?;
    if told.is_some() {
        return Ok(told);
    }
    let cluster = client.dial_mut().find().await.map_err(DialError::from)?;
    Ok(cluster.and_then(|cluster| cluster.spec.ray_version.as_deref()?.parse().ok()))
}

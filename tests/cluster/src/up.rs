//! Starting the cluster.

use std::{fs, path::PathBuf, thread};

use anyhow::{Context, Result, anyhow, ensure};

use crate::{
    command::{run, succeeds},
    component::{self, Stage, containerd::ctr},
    down,
    image::{pause, ray},
    install::{debian, go},
    kubectl::{apply, kubectl},
    layout::{Layout, write},
    lock,
    network::{self, DNS_IP, NODE_IP},
    pki, progress,
    versions::Versions,
};

/// Brings the cluster up, or leaves nothing of it behind.
pub fn up(layout: &Layout, versions: &Versions) -> Result<()> {
    // SAFETY: geteuid(2) takes nothing and cannot fail.
    #[allow(unsafe_code)]
    let root = unsafe { libc::geteuid() } == 0;
    ensure!(
        root,
        "the cluster runs real containers and needs root: use sudo, or an existing cluster with --kubeconfig FILE"
    );
    let _lock = lock::take(layout)?;
    down::clear_predecessor(layout)?;
    layout.create_directories()?;
    debian::install(layout)?;
    go::install(layout, &versions.kuberay)?;
    let images = vec![pause::make(layout)?, ray::make(layout, &versions.ray)?];
    let crds = go::kuberay_crds(layout, &versions.kuberay)?;

    // Before anything is touched: what holds a port may be another Kubernetes, whose rules look like ours.
    component::check_ports(layout)?;
    start(layout, versions, images, &crds).inspect_err(|_| down::end(layout))
}

fn start(
    layout: &Layout,
    versions: &Versions,
    images: Vec<PathBuf>,
    crds: &std::path::Path,
) -> Result<()> {
    let progress = progress::step(format!(
        "starting Kubernetes {} with KubeRay {}",
        crate::versions::KUBERNETES,
        versions.kuberay
    ));
    if component::ALL.iter().all(|c| c.process(layout).is_none()) {
        // Nothing of ours runs: a bridge or a rule that is there is a dead predecessor's.
        down::free(layout);
    }
    write(&layout.marker(), layout.state.display().to_string())?;
    pki::make(layout)?;
    network::up(layout)?;

    component::start_stage(layout, Stage::Base)?;
    component::start_stage(layout, Stage::Api)?;
    component::await_stage(layout, Stage::Base)?;
    // The images are the longest part of a first start: they come in beside everything else.
    let import = {
        let layout = layout.clone();
        thread::spawn(move || images.iter().try_for_each(|image| import(&layout, image)))
    };
    component::await_stage(layout, Stage::Api)?;
    component::start_stage(layout, Stage::Node)?;
    apply(layout, &dns_service()).context("cannot create the DNS service")?;
    install_crds(layout, &versions.kuberay, crds)?;
    component::start_stage(layout, Stage::Operator)?;
    component::await_stage(layout, Stage::Node)?;
    component::await_stage(layout, Stage::Operator)?;
    import
        .join()
        .map_err(|_| anyhow!("importing the images panicked"))??;
    progress.done();
    Ok(())
}

/// Imports an image archive unless this very archive was imported before.
pub fn import(layout: &Layout, archive: &std::path::Path) -> Result<()> {
    let name = archive
        .file_name()
        .context("an image without a file name")?;
    let stamp = layout.run("imported").join(name);
    let meta =
        fs::metadata(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let now = format!("{} {:?}", meta.len(), meta.modified()?);
    if fs::read_to_string(&stamp).is_ok_and(|before| before == now) {
        return Ok(());
    }
    run(ctr(layout)
        .args(["images", "import", "--local"])
        .arg(archive))
    .with_context(|| format!("cannot import {}", archive.display()))?;
    crate::layout::create_dir(&layout.run("imported"))?;
    write(&stamp, now)
}

/// Installs the operator's definitions; another version's replace them and the running operator.
fn install_crds(layout: &Layout, kuberay: &str, crds: &std::path::Path) -> Result<()> {
    let stamp = layout.state.join("kuberay-version");
    let same = fs::read_to_string(&stamp).is_ok_and(|before| before == kuberay);
    let there = succeeds(kubectl(layout).args(["get", "crd", "rayclusters.ray.io"]));
    if !(same && there) {
        component::find(go::OPERATOR)?.end(layout);
        // Server-side: the RayCluster definition does not fit into client-side apply's annotation.
        run(kubectl(layout)
            .args(["apply", "--server-side", "--force-conflicts", "-f"])
            .arg(crds))
        .context("cannot install KubeRay's custom resource definitions")?;
        run(kubectl(layout).args([
            "wait",
            "--for=condition=Established",
            "crd/rayclusters.ray.io",
            "--timeout=60s",
        ]))?;
        write(&stamp, kuberay)?;
    }
    Ok(())
}

/// CoreDNS runs on the node, so its service has no selector and an endpoint of our own.
fn dns_service() -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: kube-dns, namespace: kube-system}}
spec: {{clusterIP: {DNS_IP}, ports: [{{name: dns, port: 53, protocol: UDP}}, {{name: dns-tcp, port: 53, protocol: TCP}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: kube-dns-node, namespace: kube-system, labels: {{kubernetes.io/service-name: kube-dns}}}}
addressType: IPv4
endpoints: [{{addresses: [{NODE_IP}]}}]
ports: [{{name: dns, port: 53, protocol: UDP}}, {{name: dns-tcp, port: 53, protocol: TCP}}]
"
    )
}

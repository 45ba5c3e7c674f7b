//! `completion`: a shell script that completes the program under its own name.
//!
//! kubectl's own completion asks the program too, under another name, and needs no script of ours.

/// The shells that kubectl's own `completion` knows.
pub const SHELLS: [&str; 4] = [BASH, "zsh", "fish", "powershell"];
pub const BASH: &str = "bash";

const EXAMPLES: &str = "\
Examples:
  # kubectl ray serve ...: kubectl's completion asks the plugin by this name, and needs no script
  ln -s \"$(command -v kubectl-ray)\" ~/.local/bin/kubectl_complete-ray

  # kubectl-ray serve ...: in this bash, and in each new one
  source <(kubectl-ray completion bash)
  echo 'source <(kubectl-ray completion bash)' >> ~/.bashrc

  # In zsh, after compinit
  source <(kubectl-ray completion zsh)

  # In fish
  kubectl-ray completion fish | source

  # In PowerShell (not tested)
  kubectl-ray completion powershell | Out-String | Invoke-Expression

The scripts complete commands, flags and their values, and the names of annotated RayClusters, their
applications, deployments and replicas, namespaces and kubeconfig contexts. Names are looked up with
your login and with -n, --context and the other flags on the line; without an answer within
2 seconds, nothing is offered.

kubectl ray serve ... is completed where kubectl's own completion is on (kubectl completion --help) and
the directory of the link is on PATH. Where the program is called kubectl-ray-serve, beside
KubeRay's plugin, the link is kubectl_complete-ray-serve.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Shell that is to read the script
    #[arg(value_parser = SHELLS)]
    pub shell: String,
}

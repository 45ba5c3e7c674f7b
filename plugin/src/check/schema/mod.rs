//! What Ray knows in a Serve config: which fields, of which type, in which of its versions.

mod table;

use ray_serve_client::api::version::RayVersion;

pub use table::{FIELDS, NEWEST, OLDEST};

/// A kind of mapping in a Serve config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    Config,
    HttpOptions,
    GrpcOptions,
    ControllerOptions,
    LoggingConfig,
    TracingConfig,
    Application,
    Deployment,
    RayActorOptions,
    AutoscalingConfig,
    AutoscalingPolicy,
    BackpressureConfig,
    RequestRouterConfig,
    GangSchedulingConfig,
    DeploymentActor,
}

impl Object {
    /// As a sentence names it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Config => "the Serve config",
            Self::HttpOptions => "http_options",
            Self::GrpcOptions => "grpc_options",
            Self::ControllerOptions => "controller_options",
            Self::LoggingConfig => "logging_config",
            Self::TracingConfig => "tracing_config",
            Self::Application => "an application",
            Self::Deployment => "a deployment",
            Self::RayActorOptions => "ray_actor_options",
            Self::AutoscalingConfig => "autoscaling_config",
            Self::AutoscalingPolicy => "an autoscaling policy",
            Self::BackpressureConfig => "backpressure_config",
            Self::RequestRouterConfig => "request_router_config",
            Self::GangSchedulingConfig => "gang_scheduling_config",
            Self::DeploymentActor => "a deployment actor",
        }
    }

    /// Ray refuses what it does not know in these, and ignores it without a word in all others.
    pub fn is_strict(self) -> bool {
        matches!(
            self,
            Self::LoggingConfig
                | Self::TracingConfig
                | Self::BackpressureConfig
                | Self::ControllerOptions
        )
    }
}

/// The numbers a field takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    Any,
    AtLeast(f64),
    Above(f64),
    Between(f64, f64),
    /// Above the first, up to the second.
    UpTo(f64, f64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Type {
    Text,
    OneOf(&'static [&'static str]),
    OneOfInAnyCase(&'static [&'static str]),
    Boolean,
    Integer(Range),
    Number(Range),
    /// One of these numbers.
    Code(&'static [u64]),
    /// The user's own: whatever is in it is not for us to judge.
    AnyMapping,
    AnyList,
    Texts,
    Mappings,
    TextMapping,
    TextMappings,
    NumberMappings,
    Object(Object),
    Objects(Object),
    Name,
    Route,
    ImportPath,
    RuntimeEnv,
    /// `runtime_env` of the controller, in which Ray takes `env_vars` alone.
    ControllerEnv,
    /// A whole number above 0 or `auto`.
    Replicas,
    /// -1, or a whole number above 0.
    QueueLength,
    LogLevel,
}

/// One field of one kind of mapping.
#[derive(Debug)]
pub struct Field {
    pub of: Object,
    pub name: &'static str,
    pub is: Type,
    pub required: bool,
    pub nullable: bool,
    /// The first version that knows it.
    pub since: RayVersion,
    /// The first version that no longer does.
    pub until: Option<RayVersion>,
    /// What it is called today.
    pub renamed: Option<&'static str>,
    /// What to do instead.
    pub instead: Option<&'static str>,
    /// Ray refuses it although it is a field: what to do instead.
    pub refused: Option<&'static str>,
}

impl Field {
    pub fn is_too_new(&self, ray: RayVersion) -> bool {
        ray < self.since
    }

    pub fn is_gone(&self, ray: RayVersion) -> bool {
        self.until.is_some_and(|until| until <= ray)
    }

    pub fn is_known(&self, ray: RayVersion) -> bool {
        !self.is_too_new(ray) && !self.is_gone(ray)
    }
}

pub fn fields(of: Object) -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(move |field| field.of == of)
}

pub fn field(of: Object, name: &str) -> Option<&'static Field> {
    fields(of).find(|field| field.name == name)
}

/// The fields of a mapping that hold one kind of mapping, or a list of them.
pub fn fields_with_fields(of: Object) -> impl Iterator<Item = (&'static Field, Object)> {
    fields(of).filter_map(|field| match field.is {
        Type::Object(inner) | Type::Objects(inner) => Some((field, inner)),
        _ => None,
    })
}

//! The plugin from outside: its answers to recorded states, to a dashboard that misbehaves, to a
//! Kubernetes API server that refuses, and its work on manifests without any of them.

mod address;
mod any_manifest;
mod call;
mod clusters;
mod completion;
mod config;
mod create;
mod dashboard;
mod dashboard_visitors;
mod delete;
mod diff;
mod get;
mod get_schema;
mod inject;
mod inject_webhook;
mod kubernetes;
mod left_here;
mod local_code;
mod logs;
mod next;
mod no_head;
mod object_names;
mod package;
mod proxy;
mod proxy_password;
mod recorded;
mod schema;
mod slow_upload;
mod status;
mod submit;
mod support;
mod token;
mod validate;
mod validate_files;
mod wait;

//! `convergio-gateway`: APIs compatible with OpenAI's and Anthropic's over the engine.
//!
//! `main` wires; [`cli`] parses; [`commands`] are the operator's; [`settings`] reads file and environment; [`router`] lists what there
//! is; [`auth`] finds out who asks; each handler parses ([`incoming`]), calls the engine, maps
//! ([`reply`]). [`api`] is the control plane's face: parse, call, map, and no decision of its own.
//! [`webui`] serves the pages. [`error::ApiError`] alone knows HTTP statuses.
#![forbid(unsafe_code)]

mod about;
mod announce;
mod api;
mod app;
mod asking;
mod auth;
mod chat;
mod cli;
mod commands;
mod cookies;
mod embeddings;
mod error;
mod hardening;
mod health;
mod incoming;
mod limits;
mod messages;
mod metrics;
mod models;
mod observe;
mod openapi;
mod reply;
mod router;
mod serve;
mod settings;
mod webui;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(cli::Failed { code, problem }) => {
            eprintln!("convergio-gateway: {problem}");
            code
        }
    }
}

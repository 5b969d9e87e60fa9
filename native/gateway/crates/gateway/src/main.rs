//! `convergio-gateway`: APIs compatible with OpenAI's and Anthropic's over the engine.
//!
//! `main` wires; [`cli`] parses; [`settings`] reads file and environment; [`router`] lists what there
//! is; each handler parses ([`incoming`]), calls the engine, maps ([`reply`]). [`error::ApiError`]
//! alone knows HTTP statuses.
#![forbid(unsafe_code)]

mod about;
mod chat;
mod cli;
mod embeddings;
mod error;
mod health;
mod incoming;
mod messages;
mod metrics;
mod models;
mod observe;
mod openapi;
mod reply;
mod router;
mod serve;
mod settings;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("convergio-gateway: {problem}");
            ExitCode::FAILURE
        }
    }
}

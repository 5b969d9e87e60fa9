//! Tasks of this workspace: `cargo run -p xtask -- header [--check]`.
mod header;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the gateway workspace.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write include/convergio.h from the C ABI's source.
    Header {
        /// Write nothing; fail when the file differs from what would be written.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let Task::Header { check } = Cli::parse().task;
    match header::run(check) {
        Ok(message) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

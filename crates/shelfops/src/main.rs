//! Brings retail data into PostgreSQL, and does the data engineer's work on it.
//!
//! Starts the command line, which is a thin skin over the registry of operations in `ops`.

mod cli;
mod config;
mod demo;
mod design;
mod drift;
mod import;
mod jobs;
mod ops;
mod plan;
mod queries;
mod reference;
mod rehearsals;
mod series;
mod serve;
mod server;
mod simulate;
mod sync;
mod telemetry;
mod webhooks;
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(cli::run());
            // A thread that is stuck in a read must not keep the process.
            runtime.shutdown_background();
            ExitCode::from(code)
        }
        Err(error) => {
            cli::complain(&format!("cannot start: {error}"));
            ExitCode::from(1)
        }
    }
}

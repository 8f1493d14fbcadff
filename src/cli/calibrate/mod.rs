//! `dbbench calibrate`: what dbbench itself costs on this machine, kept for the reports of later runs.

mod measure;

use std::error::Error as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use self::measure::{LINK_RTT, measure};
use super::args::{CalibrateArgs, Format};
use super::build::build;
use super::failure::Failure;
use super::finish::width;
use super::interrupt::Asked;
use crate::probe::Machine;
use crate::report;
use crate::result::run::Build;
use crate::result::{CALIBRATION_VERSION, Calibration};
use crate::topology;
use crate::words::ExitCode;

/// Measures, keeps what was found, prints it.
///
/// # Errors
/// When it cannot be measured, or stdout is closed. That it cannot be kept is a warning.
pub fn calibrate(args: &CalibrateArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(&error))?;
    let asked = runtime.block_on(async { Asked::listen() }).map_err(|error| Failure::failed(&error))?;
    anstream::eprintln!("measuring for about {} s: what else runs on this machine shows in the figures", args.seconds);
    let began = Instant::now();
    let measured = measure(args.seconds, &runtime, &asked.engine)?;
    let machine = Machine::look();
    let calibration = Calibration {
        calibration_version: CALIBRATION_VERSION,
        dbbench: build(),
        machine: machine.name,
        cpu_model: machine.cpu_model,
        cores: machine.cores,
        kernel: machine.kernel,
        calibrated_at: jiff::Timestamp::now().to_string(),
        took_s: began.elapsed().as_secs_f64(),
        link_rtt_us: LINK_RTT.as_secs_f64() * 1e6,
        ..measured
    };
    if calibration.dbbench.debug_assertions {
        anstream::eprintln!("warning: this build has debug assertions: a release build costs far less");
    }
    match keep(&calibration, args.replace) {
        Ok(kept) => anstream::eprintln!("{kept}"),
        Err(why) => anstream::eprintln!("warning: reports will not quote this calibration: {why}"),
    }
    print(&calibration, args.format)?;
    runtime.shutdown_background();
    Ok(ExitCode::Done)
}

/// The last calibration of this machine by this build.
pub fn last(dbbench: &Build, machine: &Machine) -> Option<Calibration> {
    Calibration::find(&folder()?, dbbench, &machine.name, machine.cpu_model.as_deref())
}

/// Where calibrations are kept; `None` without a home folder.
fn folder() -> Option<PathBuf> {
    topology::cache_root().map(|root| root.join("calibrations"))
}

/// Keeps a calibration unless an earlier one says more; what was done, in words.
fn keep(calibration: &Calibration, replace: bool) -> Result<String, String> {
    const REMEDY: &str = "name a folder that you may write to in DBBENCH_CACHE_DIR";
    let Some(folder) = folder() else { return Err(format!("there is no folder to keep it in; {REMEDY}")) };
    let Calibration { dbbench, machine, cpu_model, .. } = calibration;
    let cpu_model = cpu_model.as_deref();
    let earlier = Calibration::find(&folder, dbbench, machine, cpu_model);
    if let Some(earlier) = earlier.filter(|earlier| !replace && earlier.outdoes(calibration)) {
        return Ok(format!(
            "reports go on quoting the calibration of {}, which measured for {:.0} s and has a narrower range: it stays in {}; \
             --replace keeps this one instead",
            earlier.calibrated_at,
            earlier.took_s,
            Calibration::path(&folder, dbbench, machine, cpu_model).display()
        ));
    }
    let kept = calibration.keep(&folder);
    kept.map(|path| format!("kept in {}: reports of later runs quote it", path.display())).map_err(|error| {
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        format!("it cannot be kept in {} ({why}); {REMEDY}", folder.display())
    })
}

fn print(calibration: &Calibration, format: Format) -> Result<(), Failure> {
    let text = match format {
        Format::Json => serde_json::to_string_pretty(calibration).map_err(|error| Failure::failed(&error))?,
        Format::Text => report::calibration::render(calibration, width()),
    };
    match writeln!(std::io::stdout().lock(), "{}", text.trim_end()) {
        // Whoever reads stdout has what he wanted.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::text(ExitCode::Failed, format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

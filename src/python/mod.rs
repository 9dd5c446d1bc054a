//! Ring 2: the native module `metertap._core`. Thin: it converts, waits and raises; it knows no provider.

mod call;
mod client;
mod convert;
mod errors;
mod events;
mod facts;
#[cfg(unix)]
mod inbox;
mod ledger;
mod runtime;
mod series;
mod simulator;
mod table;
mod usage;

use pyo3::prelude::*;

/// The native part of metertap; use the package `metertap` instead.
///
/// A free-threaded Python, for which only source builds exist, takes its lock back for it: nothing was tried there yet.
#[pymodule(gil_used = true)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<client::Client>()?;
    module.add_class::<client::Secret>()?;
    module.add_class::<simulator::Simulator>()?;
    module.add_class::<table::Table>()?;
    module.add_class::<usage::Plan>()?;
    module.add_class::<usage::Run>()?;
    module.add_class::<usage::Usage>()?;
    module.add_function(wrap_pyfunction!(client::hide, module)?)?;
    module.add_function(wrap_pyfunction!(client::hide_text, module)?)?;
    module.add_function(wrap_pyfunction!(usage::meters, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::changes, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::facts, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::increments, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::lacking, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::month_so_far, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::moment, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::months, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::rounds, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::stored, module)?)?;
    module.add_function(wrap_pyfunction!(ledger::taken, module)?)?;
    module.add_function(wrap_pyfunction!(usage::canned, module)?)?;
    module.add_function(wrap_pyfunction!(usage::sample, module)?)?;
    module.add_function(wrap_pyfunction!(usage::replay, module)?)?;
    module.add_function(wrap_pyfunction!(usage::read_bodies, module)?)?;
    module.add_function(wrap_pyfunction!(facts::providers, module)?)?;
    module.add_function(wrap_pyfunction!(facts::provider, module)?)?;
    module.add_function(wrap_pyfunction!(facts::shapes, module)?)?;
    module.add_function(wrap_pyfunction!(facts::registered, module)?)?;
    module.add_function(wrap_pyfunction!(facts::register, module)?)?;
    module.add_function(wrap_pyfunction!(facts::keep, module)?)?;
    module.add_function(wrap_pyfunction!(facts::readers, module)?)?;
    module.add_function(wrap_pyfunction!(facts::set_readers, module)?)?;
    module.add_function(wrap_pyfunction!(facts::document, module)?)?;
    module.add_function(wrap_pyfunction!(facts::mistakes, module)?)?;
    module.add_function(wrap_pyfunction!(facts::document_text, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::is_main_interpreter, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::shut_down, module)?)?;
    module.add_function(wrap_pyfunction!(call::break_on_purpose, module)?)?;
    module.add(
        "__all__",
        [
            "Client",
            "Plan",
            "Run",
            "Secret",
            "Simulator",
            "Table",
            "Usage",
            "__version__",
            "canned",
            "changes",
            "document",
            "document_text",
            "facts",
            "hide",
            "hide_text",
            "increments",
            "is_main_interpreter",
            "keep",
            "lacking",
            "meters",
            "mistakes",
            "moment",
            "month_so_far",
            "months",
            "provider",
            "providers",
            "readers",
            "register",
            "registered",
            "replay",
            "rounds",
            "sample",
            "set_readers",
            "shapes",
            "shut_down",
            "stored",
            "taken",
        ],
    )?;
    Ok(())
}

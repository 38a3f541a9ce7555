//! Tells the conformance tests whether the recorded executions stand beside the repository. Where they do not, the tests
//! are ignored, and so counted as skipped.

use std::path::Path;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/asl-conformance");
    println!("cargo::rustc-check-cfg=cfg(recorded)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", folder.display());
    if folder.exists() {
        println!("cargo::rustc-cfg=recorded");
    }
}

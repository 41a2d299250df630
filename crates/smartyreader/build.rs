//! The page is embedded as it was built; a new one means a new binary.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
}

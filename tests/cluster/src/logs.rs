//! `cargo cluster logs COMPONENT`.

use std::{fs, io::copy};

use anyhow::{Context, Result};

use crate::{component, layout::Layout};

pub fn logs(layout: &Layout, name: &str) -> Result<()> {
    let path = layout.log(component::find(name)?.name);
    let mut file = fs::File::open(&path)
        .with_context(|| format!("{name} has no log yet, start it with `cargo cluster up`"))?;
    copy(&mut file, &mut std::io::stdout()).context("cannot print the log")?;
    Ok(())
}

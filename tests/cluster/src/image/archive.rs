//! Packs a directory as a one-layer image archive, the form `docker save` writes and containerd imports.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use crate::{command::run, hex::hex};

/// Writes the image `name` with the files below `root` to `out`.
pub fn pack(name: &str, config: &Value, root: &Path, out: &Path) -> Result<()> {
    let layer = out.with_extension("layer");
    // GNU tar keeps owners, links and special files of a root file system as they are.
    run(Command::new("tar")
        .arg("-C")
        .arg(root)
        .args(["--numeric-owner", "--sort=name", "-cf"])
        .arg(&layer)
        .arg("."))?;
    let image = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", digest(&layer)?)]},
        "history": [{"created_by": "cargo cluster"}],
    })
    .to_string();
    let image_name = format!("{}.json", hex(&Sha256::digest(image.as_bytes())));
    let manifest =
        json!([{"Config": image_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).to_string();

    // Under another name until it is whole: a half archive would be taken for an image.
    let partial = out.with_extension("partial");
    let file =
        File::create(&partial).with_context(|| format!("cannot write {}", partial.display()))?;
    let mut archive = Builder::new(io::BufWriter::new(file));
    add(&mut archive, &image_name, image.as_bytes())?;
    archive.append_path_with_name(&layer, "layer.tar")?;
    add(&mut archive, "manifest.json", manifest.as_bytes())?;
    archive.into_inner()?.flush()?;
    fs::remove_file(&layer)?;
    fs::rename(&partial, out).with_context(|| format!("cannot write {}", out.display()))
}

fn add(archive: &mut Builder<impl Write>, name: &str, bytes: &[u8]) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    Ok(archive.append_data(&mut header, name, bytes)?)
}

fn digest(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut digest = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hex(&digest.finalize())),
            n => digest.update(&block[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_names_its_image_and_its_layer_by_digest() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("program"), "#!/bin/true\n").unwrap();
        let out = dir.path().join("image.tar");
        pack("example.com/image:1", &json!({"User": "1:1"}), &root, &out).unwrap();

        let mut files = std::collections::BTreeMap::new();
        for entry in tar::Archive::new(File::open(&out).unwrap())
            .entries()
            .unwrap()
        {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(entry.path().unwrap().display().to_string(), bytes);
        }
        let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
        assert_eq!(manifest[0]["RepoTags"], json!(["example.com/image:1"]));
        let image = &files[manifest[0]["Config"].as_str().unwrap()];
        let image: Value = serde_json::from_slice(image).unwrap();
        assert_eq!(image["config"]["User"], "1:1");
        let layer = format!("sha256:{}", hex(&Sha256::digest(&files["layer.tar"])));
        assert_eq!(image["rootfs"]["diff_ids"], json!([layer]));
        let names: Vec<&String> = files.keys().collect();
        assert_eq!(names.len(), 3, "no other file: {names:?}");
    }
}

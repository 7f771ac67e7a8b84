//! Which files are text.
//!
//! Git takes a file for binary that has a NUL among its first 8,000 bytes, and the forge then shows none of it. By that
//! alone one NUL in a comment would hide a whole program, so what is text by its name is always read, and a NUL in it is
//! one of the characters that people do not see. Pictures and archives are not read at all: nobody reads them as text.

use std::borrow::Cow;

use crate::class;

/// Where git looks for a NUL (`buffer_is_binary` in its source).
const LOOKED_AT: usize = 8_000;

/// Whether the contents of a file of this name are to be read.
#[must_use]
pub fn is_read(path: &[u8]) -> bool {
    extension(path).is_none_or(|extension| !BINARY.contains(&extension.as_str()))
}

/// The text of a file as UTF-8, as far as it is; `None` for what is no text.
pub(super) fn decode<'b>(path: &[u8], bytes: &'b [u8]) -> Option<Cow<'b, [u8]>> {
    if !is_read(path) {
        return None;
    }
    if let Some(text) = utf_16(bytes) {
        return Some(Cow::Owned(text.into_bytes()));
    }
    let looked_at = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let is_binary = looked_at.contains(&0) && !bytes.starts_with(b"#!") && !is_text(path);
    (!is_binary).then_some(Cow::Borrowed(bytes))
}

/// What begins with a byte order mark of UTF-16 and is nothing else.
fn utf_16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes.get(..2)? {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, odd) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    text.ok().filter(|text| odd.is_empty() && !text.contains('\0'))
}

/// Whether the name says that it is text.
fn is_text(path: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name(path)).to_ascii_lowercase();
    let known = extension(path).is_some_and(|extension| TEXT.contains(&extension.as_str()));
    known || class::is_program(path) || name.starts_with('.') || NAMES.contains(&name.as_str())
}

fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}

/// In lower case; a leading dot begins no extension.
fn extension(path: &[u8]) -> Option<String> {
    let name = name(path);
    let dot = name.iter().rposition(|b| *b == b'.').filter(|dot| *dot > 0)?;
    let extension = name.get(dot + 1..)?;
    Some(String::from_utf8_lossy(extension).to_ascii_lowercase())
}

/// Pictures, sounds, fonts, archives, programs that were compiled.
const BINARY: &[&str] = &[
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "avif",
    "bmp",
    "ico",
    "icns",
    "tif",
    "tiff",
    "heic",
    "psd",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "mp3",
    "mp4",
    "m4a",
    "m4v",
    "mov",
    "avi",
    "mkv",
    "webm",
    "ogg",
    "wav",
    "flac",
    "zip",
    "gz",
    "tgz",
    "bz2",
    "xz",
    "zst",
    "7z",
    "rar",
    "tar",
    "jar",
    "war",
    "class",
    "pyc",
    "whl",
    "nupkg",
    "apk",
    "ipa",
    "dmg",
    "iso",
    "wasm",
    "exe",
    "dll",
    "so",
    "dylib",
    "a",
    "o",
    "lib",
    "pdf",
    "docx",
    "xlsx",
    "pptx",
    "odt",
    "sqlite",
    "parquet",
    "onnx",
    "safetensors",
];

/// What programs and agents read beside the extensions of programs.
const TEXT: &[&str] = &[
    "md",
    "mdc",
    "markdown",
    "rst",
    "adoc",
    "txt",
    "xml",
    "css",
    "scss",
    "less",
    "cfg",
    "ini",
    "conf",
    "env",
    "properties",
    "tf",
    "tfvars",
    "hcl",
    "gradle",
    "lock",
    "mk",
    "cmake",
    "proto",
    "graphql",
    "rego",
    "jsonc",
    "json5",
    "mod",
    "sum",
    "pth",
    "csproj",
    "props",
    "targets",
    "service",
    "rules",
    "j2",
    "tmpl",
    "erb",
];

/// What has no extension and is text.
const NAMES: &[&str] = &[
    "makefile",
    "gnumakefile",
    "dockerfile",
    "containerfile",
    "jenkinsfile",
    "vagrantfile",
    "procfile",
    "gemfile",
    "rakefile",
    "brewfile",
    "podfile",
    "fastfile",
    "justfile",
    "codeowners",
    "owners",
    "build",
    "workspace",
    "license",
    "notice",
    "readme",
    "version",
];

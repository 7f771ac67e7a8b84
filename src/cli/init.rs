//! `portcullis init`: commented rules to start from, with the cases that test them and the schema that editors read.
//!
//! The starters are whole and valid files about an organisation `acme`, whose name is replaced.

mod profile;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use policy::RepoName;
use policy::facts::Group;

use self::profile::{Filling, Profile};
use super::{Error, say};
use crate::clock::Clock;
use crate::manual;

/// The organisation that the starters are about.
const STARTER: &str = "acme";

/// Write commented rules, and cases that test them, to start from
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to write the rules; the cases go to tests/ beside it. A file that is there is never overwritten
    #[arg(default_value = "rules.toml", value_name = "FILE")]
    file: PathBuf,
    /// observe: report only. standard: one person, two for what is dangerous. regulated: four eyes, strict bounds
    #[arg(long, value_enum, default_value_t = Profile::Standard)]
    profile: Profile,
    /// Your organisation (or account) on the forge; left out, the files are about `acme`
    #[arg(long, value_name = "NAME", value_parser = organization)]
    org: Option<String>,
    /// Organisation or team (`@org/team`) whose members are people; may be repeated [default: the organisation]
    #[arg(long, value_name = "GROUP", value_parser = group)]
    people_org: Vec<Group>,
}

fn organization(text: &str) -> Result<String, String> {
    let fits = RepoName::parse(&format!("{text}/x")).is_some() && !text.contains('.');
    if fits {
        Ok(text.to_owned())
    } else {
        Err("write its name as in its address, such as `acme`".to_owned())
    }
}

fn group(text: &str) -> Result<Group, String> {
    Group::parse(text)
        .ok_or_else(|| "write `acme` for an organisation, `@acme/engineering` for a team".to_owned())
}

impl Init {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let (tests, schema) = (folder.join("tests"), folder.join("rules.schema.json"));
        let cases = tests.join("rules.toml");
        for path in [&self.file, &cases] {
            if path.exists() {
                return Err(format!("`{}` is there already and is never overwritten", path.display()).into());
            }
        }
        let filling =
            Filling::new(self.org.as_deref().unwrap_or(STARTER), &self.people_org, Clock::system().now())?;
        std::fs::create_dir_all(&tests).map_err(|error| format!("`{}`: {error}", tests.display()))?;
        write_new(&self.file, &filling.fill(self.profile.rules()))?;
        write_new(&cases, &filling.fill(self.profile.cases()))?;
        let mut written = vec![self.file.display().to_string(), cases.display().to_string()];
        if !schema.exists() {
            write_new(&schema, &format!("{:#}\n", manual::schema()))?;
            written.push(schema.display().to_string());
        }
        say(&self.told(&written, &tests));
        Ok(ExitCode::SUCCESS)
    }

    fn told(&self, written: &[String], tests: &Path) -> String {
        let (rules, tests) = (self.file.display(), tests.display());
        let replace = match self.org {
            None => "Replace `acme` by your organisation, ",
            Some(_) => "Read them, ",
        };
        format!(
            "Wrote {}.\n\n{replace}set owner and bounds of each agent, then:\n\n    portcullis check {rules}\n    \
             portcullis test {tests} --rules {rules} --coverage\n",
            written.join(", ")
        )
    }
}

fn write_new(path: &Path, text: &str) -> Result<(), Error> {
    let problem = |error: std::io::Error| format!("`{}`: {error}", path.display());
    let mut file = std::fs::File::create_new(path).map_err(problem)?;
    Ok(file.write_all(text.as_bytes()).map_err(problem)?)
}

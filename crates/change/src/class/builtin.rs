//! The built-in table: which paths give which class, as data.
//!
//! Patterns are lower case, because they are matched against lower-cased paths. A path may stand in several lists. Better
//! one entry too many in `ci`, `governance` and `steering` than one too few: a false hit asks for an approval, a miss is a
//! hole. `docs` and `tests` are the other way round, because rules are kinder to them.

use super::Class;

/// Every pattern with its class.
pub(super) fn entries() -> impl Iterator<Item = (Class, &'static str)> {
    let table: [(Class, &'static [&'static str]); 11] = [
        (Class::GOVERNANCE, GOVERNANCE),
        (Class::STEERING, STEERING),
        (Class::CI, CI),
        (Class::DEPENDENCIES, DEPENDENCIES),
        (Class::BUILD, BUILD),
        (Class::INFRASTRUCTURE, INFRASTRUCTURE),
        (Class::RELEASE, RELEASE),
        (Class::SUBMODULE, SUBMODULE),
        (Class::TESTS, TESTS),
        (Class::DOCS, DOCS),
        (Class::DOCS, DOCS_FOLDERS),
    ];
    table.into_iter().flat_map(|(class, patterns)| patterns.iter().map(move |p| (class.clone(), *p)))
}

/// Whether the file is a program by its name: code below `docs/` is also `source`, because sites run it.
pub(crate) fn is_program(path: &[u8]) -> bool {
    let name = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
    let Some(dot) = name.iter().rposition(|b| *b == b'.') else { return false };
    let extension = name.get(dot + 1..).unwrap_or_default().to_ascii_lowercase();
    PROGRAMS.iter().any(|known| known.as_bytes() == extension)
}

/// What decides who may change what. Agents never change it unseen.
const GOVERNANCE: &[&str] = &[
    // The gate itself: the organisation's rules, a repository's own.
    "rules.toml",
    ".portcullis/**",
    "portcullis.toml",
    ".github/portcullis.toml",
    ".github/portcullis/**",
    // "About code owners": these three places, the first found wins, so each may shadow the others.
    "codeowners",
    ".github/codeowners",
    "docs/codeowners",
    ".gitlab/codeowners",
    // Settings and rulesets as code: repository-settings app, safe-settings, allstar, exported rulesets.
    ".github/settings.{yml,yaml}",
    ".github/{rulesets,repos,suborgs}/**",
    ".github/{ruleset,rulesets,branch-protection,branch_protection}.{json,yml,yaml}",
    ".allstar/**",
    ".asf.{yml,yaml}",
    "**/peribolos.{yml,yaml}",
    // Merge bots and review policies, which merge or approve by themselves.
    "{.,.github/,}mergify.{yml,yaml}",
    ".mergify/config.{yml,yaml}",
    "{.,.github/,}kodiak.toml",
    "{.,.github/,}bulldozer.{yml,yaml}",
    "{.,.github/,}policy-bot.{yml,yaml}",
    ".policy.yml",
    ".github/{auto_assign,auto-merge,auto-approve}.{yml,yaml}",
    ".bors.toml",
    "bors.toml",
    "**/owners",
    "**/owners_aliases",
    // Scanners' own exceptions.
    ".github/{secret_scanning,dependency-review-config,codeql-config}.{yml,yaml}",
    ".github/codeql/**",
    "**/.gitleaks.toml",
    "**/.gitleaksignore",
    "**/.trufflehogignore",
    // Attributes hide files from review (`linguist-generated`, `-diff`) and choose merge drivers.
    "**/.gitattributes",
    // Who signed, who may sign.
    ".gitsign/**",
    "**/allowed_signers",
];

/// What changes the next agent run: `reference/identities.md` 3.6, in any folder because agents read nested ones too.
const STEERING: &[&str] = &[
    // Instructions.
    "**/{agents,agent,claude,claude.local,gemini,grok,qwen,warp,codex,copilot,crush,conventions}.md",
    "**/{agents,claude,gemini}.override.md",
    "**/.github/copilot-instructions.md",
    "**/.github/{agents,instructions,prompts,chatmodes,skills,hooks}/**",
    "**/.github/aw/**",
    ".github/workflows/copilot-setup-steps.{yml,yaml}",
    "**/*.{instructions,prompt,chatmode,agent}.md",
    "**/skill.md",
    // Settings, tools, hooks and permissions of each agent.
    "**/.mcp.json",
    "**/mcp.json",
    "**/.claude/**",
    "**/.claude-plugin/**",
    "**/.codex/**",
    "**/.cursor/**",
    "**/.cursor{rules,ignore,indexingignore}",
    "**/.aider*",
    "**/.gemini/**",
    "**/.{aiexclude,geminiignore}",
    "**/.windsurf/**",
    "**/.windsurfrules",
    "**/.codeium/**",
    "**/.codeiumignore",
    "**/.clinerules",
    "**/.clinerules/**",
    "**/.clineignore",
    "**/.continue/**",
    "**/.continuerules",
    "**/.junie/**",
    "**/.amazonq/**",
    "**/.kiro/**",
    "**/.roo/**",
    "**/.roo{modes,rules,ignore}",
    "**/.roorules-*",
    "**/.devin/**",
    "**/.devinignore",
    "**/.agent/**",
    "**/.agents/**",
    "**/.grok/**",
    "**/.xai/**",
    "**/.antigravity/**",
    "**/.factory/**",
    "**/.vibe/**",
    "**/.goose/**",
    "**/.goosehints",
    "**/.goosehints.local",
    "**/.openhands/**",
    "**/.opencode/**",
    "**/opencode.{json,jsonc}",
    "**/.qwen/**",
    "**/.augment/**",
    "**/.augment-guidelines",
    "**/.trae/**",
    "**/.zed/**",
    "**/.rules",
    "**/.entire/**",
    "**/.coderabbit.{yml,yaml}",
    "**/{greptile.json,.sourcery.yaml,.pr_agent.toml}",
    // Editors run these on opening a folder.
    "**/.vscode/{tasks,settings,mcp,launch,extensions}.json",
    "**/*.code-workspace",
    "**/.devcontainer/**",
    "**/.devcontainer.json",
    "**/.idea/**",
    "**/.fleet/**",
    // Git and shells run these by themselves.
    "**/.pre-commit-config.{yml,yaml}",
    "**/.pre-commit-hooks.{yml,yaml}",
    "**/{lefthook,.lefthook}.{yml,yaml,toml,json}",
    "**/{lefthook,.lefthook}-local.{yml,yaml,toml,json}",
    "**/.husky/**",
    "**/.githooks/**",
    "**/.envrc",
];

/// What runs in pipelines.
const CI: &[&str] = &[
    ".github/workflows/**",
    ".github/actions/**",
    "**/action.{yml,yaml}",
    ".github/{dependabot,labeler,actionlint,zizmor}.{yml,yaml}",
    ".ci/**",
    "ci/**",
    ".gitlab-ci.{yml,yaml}",
    ".gitlab/**",
    "**/*.gitlab-ci.{yml,yaml}",
    ".circleci/**",
    ".buildkite/**",
    ".travis.{yml,yaml}",
    ".cirrus.{yml,yaml,star}",
    ".appveyor.{yml,yaml}",
    "appveyor.{yml,yaml}",
    "azure-pipelines*.{yml,yaml}",
    "**/.azure-pipelines/**",
    "**/.pipelines/**",
    "bitbucket-pipelines.{yml,yaml}",
    "**/jenkinsfile",
    "**/jenkinsfile.*",
    "**/*.jenkinsfile",
    ".drone.{yml,yaml,star,jsonnet}",
    ".woodpecker.{yml,yaml}",
    ".woodpecker/**",
    ".semaphore/**",
    ".teamcity/**",
    ".tekton/**",
    ".prow.{yml,yaml}",
    ".prow/**",
    ".forgejo/workflows/**",
    ".gitea/workflows/**",
    "cloudbuild*.{yml,yaml,json}",
    "buildspec*.{yml,yaml}",
    "**/codecov.{yml,yaml}",
    "**/.codecov.{yml,yaml}",
    "sonar-project.properties",
];

/// Manifests, locks and where packages come from.
const DEPENDENCIES: &[&str] = &[
    // Rust
    "**/cargo.{toml,lock}",
    // JavaScript
    "**/{package,deno,jsr,bower,lerna}.json",
    "**/{package-lock,npm-shrinkwrap}.json",
    "**/{yarn,bun,deno}.lock",
    "**/bun.lockb",
    "**/deno.jsonc",
    "**/pnpm-{lock,workspace}.{yml,yaml}",
    "**/.pnpmfile.{cjs,mjs}",
    "**/{.npmrc,.yarnrc,.yarnrc.yml,.bunfig.toml,bunfig.toml}",
    "**/.yarn/{releases,plugins,patches,cache}/**",
    "**/node_modules/**",
    // Python
    "**/{pyproject.toml,setup.py,setup.cfg,pipfile,pipfile.lock,poetry.lock,poetry.toml,uv.lock,uv.toml,pdm.lock}",
    "**/*requirements*.{txt,in}",
    "**/requirements/*.{txt,in}",
    "**/constraints*.txt",
    "**/{environment,conda-lock}.{yml,yaml}",
    "**/{pixi.toml,pixi.lock,pylock.toml,pip.conf,.pypirc}",
    // Go
    "**/go.{mod,sum,work,work.sum}",
    "**/vendor/**",
    "**/third_party/**",
    // JVM
    "**/pom.xml",
    "**/gradle.lockfile",
    "**/libs.versions.toml",
    "**/gradle/verification-metadata.xml",
    "**/gradle/wrapper/**",
    "**/{build.sbt,ivy.xml,deps.edn,project.clj}",
    // Ruby
    "**/{gemfile,gemfile.lock,gems.rb,gems.locked,.gemrc}",
    "**/*.gemspec",
    // PHP
    "**/composer.{json,lock}",
    // .NET
    "**/{packages.config,packages.lock.json,nuget.config,paket.dependencies,paket.lock,global.json}",
    "**/directory.packages.props",
    "**/*.{csproj,fsproj,vbproj,nuspec}",
    // Swift, Dart, Elixir, Haskell, Perl, R, C and C++, Nix, Julia, Lua, OCaml
    "**/{package.swift,package.resolved,podfile,podfile.lock,cartfile,cartfile.resolved}",
    "**/pubspec.{yaml,lock}",
    "**/{mix.exs,mix.lock,rebar.config,rebar.lock}",
    "**/{cabal.project,cabal.project.freeze,stack.yaml,stack.yaml.lock}",
    "**/*.{cabal,podspec,rockspec,opam}",
    "**/{cpanfile,cpanfile.snapshot,renv.lock,conanfile.txt,conanfile.py,conan.lock,vcpkg.json}",
    "**/flake.{nix,lock}",
    "**/{project,manifest}.toml",
    // Bazel, protobuf, helm
    "**/{module.bazel,module.bazel.lock,workspace.bazel,buf.lock,buf.yaml,chart.lock}",
    // What updates them, and tool versions
    "{.github/,.gitlab/,.,}renovate.{json,json5}",
    ".renovaterc",
    ".renovaterc.{json,json5}",
    ".github/dependabot.{yml,yaml}",
    "**/{.tool-versions,mise.toml,.mise.toml,.nvmrc,.node-version,.python-version,.ruby-version,.java-version}",
    "**/rust-toolchain",
    "**/rust-toolchain.toml",
    ".gitmodules",
];

/// What runs when the project is built.
const BUILD: &[&str] = &[
    "**/{makefile,gnumakefile,bsdmakefile,kbuild}",
    "**/makefile.*",
    "**/*.{mk,mak,cmake,bzl,ninja}",
    "**/cmakelists.txt",
    "**/{cmakepresets,cmakeuserpresets}.json",
    "**/{configure,configure.ac,configure.in,autogen.sh,meson.build,meson_options.txt,meson.options}",
    "**/build.{rs,zig,sh,py,xml,gradle,gradle.kts,cake,ps1,bat,cmd,js,mjs,cjs,ts}",
    "**/build.zig.zon",
    "**/.cargo/**",
    "**/{settings,init}.{gradle,gradle.kts}",
    "**/*.gradle",
    "**/*.gradle.kts",
    "**/gradle.properties",
    "**/{gradlew,gradlew.bat,mvnw,mvnw.cmd}",
    "**/.mvn/**",
    "**/buildsrc/**",
    "**/{justfile,.justfile,taskfile.yml,taskfile.yaml,rakefile,magefile.go,earthfile,tiltfile,sconstruct,sconscript}",
    "**/{build,workspace,build.bazel,.bazelrc,.bazelversion,.buckconfig,buck,pants.toml,tox.ini,noxfile.py,setup.py}",
    "**/{dockerfile,containerfile,.dockerignore}",
    "**/{dockerfile,containerfile}.*",
    "**/*.{dockerfile,containerfile}",
    "**/docker-bake.{hcl,json}",
    "**/package.json",
    "**/{nx,turbo,lerna}.json",
    "**/{vite,vitest,webpack,rollup,esbuild,babel,next,nuxt,svelte,astro,postcss,tailwind,metro,rspack}.config.*",
    "**/{jest,playwright,cypress,eslint,prettier,stylelint,commitlint,karma}.config.*",
    "**/.{babelrc,eslintrc,prettierrc}*",
    "**/tsconfig*.json",
    "**/{gulpfile,gruntfile}.*",
    "**/directory.build.{props,targets}",
    "**/*.{props,targets,vcxproj,xcconfig,pbxproj}",
    "**/{default,shell,flake}.nix",
    "**/dune-project",
    // Run by test and documentation tools before anything else.
    "**/{conftest.py,sitecustomize.py,usercustomize.py}",
    "**/*.pth",
    "docs/conf.py",
    "**/.readthedocs.{yml,yaml}",
];

/// What machines and services are made from.
const INFRASTRUCTURE: &[&str] = &[
    "**/*.{tf,tfvars,tofu,hcl}",
    "**/*.tf.json",
    "**/.terraform.lock.hcl",
    "**/{terraform,terragrunt,infra,infrastructure,deploy,deployment,deployments}/**",
    "**/{k8s,kubernetes,kustomize,helm,charts,manifests,argocd,fluxcd,flux-system}/**",
    "**/{kustomization.yaml,kustomization.yml,chart.yaml,helmfile.yaml,skaffold.yaml}",
    "**/{ansible,playbooks,puppet,chef,salt}/**",
    "**/ansible.cfg",
    "**/pulumi.{yml,yaml}",
    "**/pulumi.*.{yml,yaml}",
    "**/{docker-compose,compose}.{yml,yaml}",
    "**/{docker-compose,compose}.*.{yml,yaml}",
    "**/{cdk.json,cdktf.json,samconfig.toml,template.yaml,serverless.yml,serverless.yaml,serverless.ts}",
    "**/{cloudformation,.ebextensions,.platform}/**",
    "**/*.bicep",
    "**/*.{nomad,pkr.hcl}",
    "**/{vagrantfile,procfile,app.yaml,fly.toml,render.yaml,railway.json,vercel.json,netlify.toml,wrangler.toml}",
    "**/{firebase.json,firestore.rules,storage.rules,now.json,apprunner.yaml,crossplane.yaml}",
    "**/{systemd,nginx}/**",
    "**/*.{service,timer,socket}",
    "**/{_redirects,_headers,cname}",
    "**/*.rego",
];

/// What decides how a release is made. Changelogs are documents.
const RELEASE: &[&str] = &[
    "**/.goreleaser.{yml,yaml}",
    "**/goreleaser.{yml,yaml}",
    "**/{.release-please-manifest,release-please-config}.json",
    "**/.releaserc",
    "**/.releaserc.*",
    "**/release.config.*",
    "**/.release-it.*",
    "**/.changeset/**",
    "**/{release,dist,dist-workspace,cliff,release-plz,.release-plz}.toml",
    "**/{.bumpversion.cfg,.bumpversion.toml,.versionrc,.versionrc.json,gitversion.yml,version.json}",
    ".github/{release,release-drafter}.{yml,yaml}",
    ".github/release-drafter-*.{yml,yaml}",
    "version",
    "version.txt",
    "**/{release,publish}.{sh,py,ps1,js,mjs,ts}",
    "**/fastlane/**",
    "**/{snapcraft,snap/snapcraft}.yaml",
    "**/*.{spec,wxs,entitlements}",
    "debian/**",
    "**/{jreleaser,.jreleaser}.{yml,yaml,toml}",
];

/// The list of submodules and where they come from.
const SUBMODULE: &[&str] = &[".gitmodules"];

/// Tests and their data. Names that also occur in shipped code are left out.
const TESTS: &[&str] = &[
    "**/{test,tests,testing,__tests__,__mocks__,__snapshots__,spec,specs,e2e,testdata,fixtures,cypress}/**",
    "**/{test_utils,test-utils,test_data,test-data,testfixtures}/**",
    "**/*{_test,_tests,_spec,.test,.spec,.e2e,.cy}.{rs,go,py,rb,js,jsx,mjs,cjs,ts,tsx,mts,cts,dart,ex,exs,c,cc,cpp,lua,php}",
    "**/test_*.py",
    "**/tests.{rs,py}",
    "**/*{test,tests}.{java,kt,cs,swift,scala,groovy}",
    "**/*.snap",
];

/// What only people read, by name.
const DOCS: &[&str] = &[
    "**/*.{md,mdx,markdown,rst,adoc,asciidoc,org,textile,pod}",
    "**/{readme,changelog,changes,history,news,authors,contributors,maintainers,license,licence,copying,notice,todo}",
    "**/{readme,changelog,changes,history,news,authors,contributors,license,licence,copying,notice}.txt",
    "**/license-{mit,apache}",
];

/// What only people read, by place.
const DOCS_FOLDERS: &[&str] = &["**/{doc,docs,documentation}/**", "man/**"];

/// Extensions of files that a site generator, a doc test or a browser may run.
const PROGRAMS: &[&str] = &[
    "rs", "go", "py", "pyx", "pyi", "rb", "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "vue",
    "svelte", "astro", "java", "kt", "kts", "scala", "groovy", "cs", "fs", "vb", "swift", "c", "h", "cc",
    "hh", "cpp", "hpp", "cxx", "m", "mm", "php", "pl", "pm", "lua", "r", "jl", "ex", "exs", "erl", "hs",
    "ml", "clj", "dart", "zig", "nim", "sh", "bash", "zsh", "fish", "ps1", "psm1", "bat", "cmd", "sql",
    "wasm", "html", "htm", "svg", "mdx", "ipynb", "nix", "el", "vim", "awk", "exe", "dll", "so", "dylib",
    "jar", "toml", "yml", "yaml", "json",
];

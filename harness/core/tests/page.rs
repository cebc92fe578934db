//! The page in a real browser: chromium, driven through its driver. It is run by `.ci/run`, which installs
//! both; where they are missing it fails.
//!
//! Screenshots are left in cargo's directory for tests, `target/tmp`.

use base64::Engine as _;
use lockstep_core::case::CaseReport;
use lockstep_core::causes::Cause;
use lockstep_core::corpus::Expectation;
use lockstep_core::divergence::{Divergence, Execution, Moment, Site, StateRow};
use lockstep_core::lockstep::families::Family;
use lockstep_core::matrix::Matrix;
use lockstep_core::report::Finished;
use lockstep_core::report::page::{About, MatrixPage, Nights, Page, Reproducer};
use lockstep_core::report::trail::TrailEvent;
use lockstep_core::rules::RuleId;
use lockstep_core::totals::Totals;
use lockstep_core::version::Version;
use lockstep_oracles::address::{FuncIndex, Pc};
use lockstep_oracles::opcode::Opcode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const CHROMEDRIVER: &str = "chromedriver";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const DOWN: &str = "\u{e015}";
const RIGHT: &str = "\u{e014}";

/// A browser with one window, which ends with the test.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
}

impl Browser {
    fn start() -> Browser {
        let mut driver = Command::new(CHROMEDRIVER)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is there (Debian: chromium chromium-driver)");
        let stdout = BufReader::new(driver.stdout.take().unwrap());
        let port = stdout.lines().find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let profile = TempDir::new().unwrap();
        let mut browser = Browser {
            driver,
            port: port.expect("chromedriver says its port"),
            session: String::new(),
            _profile: profile,
        };
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--hide-scrollbars",
            &format!("--user-data-dir={}", browser._profile.path().display()),
        ];
        let options = json!({ "goog:chromeOptions": { "args": args } });
        let made = browser.post(
            "/session",
            &json!({ "capabilities": { "alwaysMatch": options } }),
        );
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        browser
    }

    /// A request of the WebDriver protocol, which is plain HTTP; its value.
    fn request(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        // The driver keeps the connection, whatever it is asked.
        while answer.read_line(&mut line).unwrap() > 2 {
            let header = line.trim_end().to_ascii_lowercase();
            if let Some(said) = header.strip_prefix("content-length:") {
                length = said.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut content = vec![0; length];
        answer.read_exact(&mut content).unwrap();
        let answer: Value = serde_json::from_slice(&content).unwrap();
        let value = answer["value"].clone();
        assert!(value["error"].is_null(), "{path}: {value}");
        value
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.request("POST", path, &body.to_string())
    }

    fn of_session(&self, path: &str, body: Value) -> Value {
        self.post(&format!("{}{path}", self.session), &body)
    }

    fn open(&self, directory: &Path) {
        let url = format!("file://{}", directory.join("index.html").display());
        self.of_session("/url", json!({ "url": url }));
        // The driver may answer before the page's script has run.
        for _ in 0..200 {
            if self.js("document.documentElement.dataset.ready") == "yes" {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the page's script never ended");
    }

    fn js(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.of_session("/execute/sync", json!({ "script": script, "args": [] }))
    }

    fn text(&self, selector: &str) -> String {
        let text = self.js(&format!("document.querySelector({selector:?}).textContent"));
        text.as_str().unwrap().to_owned()
    }

    /// Presses keys, wherever the focus is.
    fn press(&self, keys: &str) {
        for key in keys.chars() {
            let pressed = json!([
                { "type": "keyDown", "value": key.to_string() },
                { "type": "keyUp", "value": key.to_string() },
            ]);
            let source = json!({ "type": "key", "id": "keyboard", "actions": pressed });
            self.of_session("/actions", json!({ "actions": [source] }));
        }
    }

    fn cdp(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.of_session("/goog/cdp/execute", body);
    }

    fn look(&self, width: u32, scheme: &str) {
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", size);
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.cdp(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        );
    }

    fn screenshot(&self, name: &str) {
        let taken = self.request("GET", &format!("{}/screenshot", self.session), "");
        let image = base64::engine::general_purpose::STANDARD.decode(taken.as_str().unwrap());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(path, image.unwrap()).unwrap();
    }

    fn selected(&self) -> String {
        self.text("[aria-selected=true] small")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.request("DELETE", &self.session, "");
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

const LISTING: &str = "     0x021      local.get 0\n     0x023      i32.const 3\n>    0x025      i32.add\n     0x026    )";

fn divergence(rule: RuleId, name: &str, event: u64) -> Divergence {
    let row = |what: &str, expected: &str, observed: &str| StateRow {
        what: what.to_owned(),
        expected: expected.to_owned(),
        observed: observed.to_owned(),
    };
    Divergence {
        rule,
        execution: Execution::Instrumented,
        command: format!("{name}(i32:4)"),
        moment: Moment::Breakpoint,
        event,
        frame: Some(0),
        expected: "i32:1048576".to_owned(),
        observed: "i32:1048577".to_owned(),
        site: Some(Site {
            func: FuncIndex(2),
            pc: Pc(0x25),
            opcode: "i32.add".to_owned(),
            listing: LISTING.to_owned(),
        }),
        state: vec![
            row("frame 0", "instance 0 function 2", "instance 0 function 2"),
            row("frame 0 PC", "0x25", "0x25"),
            row("frame 0 local 0", "i32:1048576", "i32:1048577"),
            row(
                "frame 0 operand 0",
                "v128:0x0f0e0d0c0b0a09080706050403020100",
                "(not read)",
            ),
        ],
        known: None,
    }
}

/// The events before: each has its number as the value of a local.
fn steps(name: &str, last: u64) -> BTreeMap<u64, TrailEvent> {
    let step = |event: u64| TrailEvent {
        event,
        opcode: format!("local.get {event}"),
        place: format!("instance 0 function 2 ${name} at PC 0x{event:x}, depth 1"),
        state: vec![StateRow {
            what: "local 0".to_owned(),
            expected: format!("i32:{event}"),
            observed: format!("i32:{event}"),
        }],
    };
    (1..=last).map(|event| (event, step(event))).collect()
}

fn finished(name: &str, divergences: Vec<Divergence>) -> Finished {
    Finished {
        name: name.to_owned(),
        subject: Version::default(),
        result: Ok(CaseReport {
            divergences,
            ..CaseReport::default()
        }),
        elapsed: Duration::ZERO,
        replay: format!("lockstep replay findings/{name}.toml --subject 48 --frames all"),
        limit: None,
    }
}

const RULES: [RuleId; 4] = [
    RuleId::LocalValue,
    RuleId::StepLost,
    RuleId::TrapPc,
    RuleId::Values,
];

/// Writes a page of that many findings, whose cases have names that begin so.
fn page(directory: &Path, count: u64, name: &str) {
    let subject = Version::default();
    let nights = directory.join("nights");
    std::fs::create_dir_all(&nights).unwrap();
    let mut totals = Totals::of(subject);
    for (night, found) in [0, 0, 2, 1].into_iter().enumerate() {
        totals.cases = 1_000_000 + 1_000 * night as u64;
        totals.divergences.unexplained = found;
        let text = serde_json::to_string(&totals).unwrap();
        std::fs::write(nights.join(format!("2026-11-2{night}.json")), text).unwrap();
    }
    let command = format!("lockstep run --cases {count} --html page");
    let nights = Nights::read(&nights).unwrap();
    let mut page = Page::new(directory, &command, subject, nights).unwrap();
    let mut totals = Totals::of(subject);
    for number in 0..count {
        let rule = RULES[number as usize % RULES.len()];
        let found = divergence(rule, name, number);
        let mut finished = finished(&format!("{name}-{number}"), vec![found]);
        if let Ok(report) = &mut finished.result {
            report.trail = steps(name, number);
            report.tally.opcodes[Opcode::I32Add as usize] = 10 * number;
            report.tally.sequence_points = 100;
            report.tally.checked.note(Family::Locals, Opcode::I32Add);
            totals.add(report);
        }
        let text = "[configuration]\ntarget = \"pulley64\"\n\n[[session]]\nwhen = \"start\"\nedits = [\"single-step on\"]\n";
        let about = About {
            text: text.to_owned(),
            bytes: 100 + number,
        };
        let reproduce = |_: &Divergence| match number % 3 {
            0 => Err(format!("no template writes {name}")),
            _ => Ok(Reproducer {
                manifest: "[dependencies]\n".to_owned(),
                program: format!("// {name}\nfn main() {{ {} }}\n", "look(); ".repeat(40)),
            }),
        };
        page.case(&finished, Some(about), Some(&reproduce));
    }
    page.write(&totals).unwrap();
}

#[test]
#[ignore = "needs chromium and chromedriver; .ci/run runs it"]
fn it_is_found_searched_and_stepped_through_with_keys_alone() {
    let directory = TempDir::new().unwrap();
    page(directory.path(), 40, "case");
    let browser = Browser::start();
    browser.open(directory.path());
    assert_eq!(browser.text("h1"), "FAIL");
    let rule = |position: usize| RULES.map(|rule| rule.id())[position];
    let mut sorted = RULES.to_vec();
    sorted.sort();
    let first = sorted[0].id();
    assert!(browser.text("#detail h3").contains(first));
    assert!(browser.selected().ends_with(&format!(
        "case-{}",
        RULES.iter().position(|rule| rule.id() == first).unwrap()
    )));
    let before = browser.selected();
    browser.press("j");
    assert_ne!(browser.selected(), before);
    browser.press("k");
    assert_eq!(browser.selected(), before);
    browser.press("/case-17");
    assert_eq!(browser.text("#count"), "1 of 40");
    assert!(
        browser.selected().ends_with("case-17"),
        "{}",
        browser.selected()
    );
    assert!(browser.text("#detail h3").contains(rule(1)));
    // What differs is marked, and the opcode that was about to execute.
    assert_eq!(browser.text("tr.differs mark"), "6");
    assert!(browser.text("pre .here").contains("i32.add"));
    assert!(browser.text(".replay").contains("findings/case-17.toml"));
    assert!(browser.text("#detail").contains("pulley64"));
    assert_eq!(browser.text(".reproducer summary"), "Cargo.toml");
    browser.js("document.querySelectorAll('.reproducer details')[1].open = true");
    assert!(browser.text(".reproducer").contains("fn main() { look();"));
    // Back to the step before, to the first of those that are kept, and on again.
    browser.press(ENTER);
    let walk = || {
        (
            browser.text("#walk .walk span"),
            browser.text("#walk td:nth-child(3)"),
        )
    };
    let of = |bar: &str, local: &str| (bar.to_owned(), local.to_owned());
    let finding = of("step 17 of 17, the finding", "instance 0 function 2");
    assert_eq!(walk(), finding);
    browser.press("h");
    assert_eq!(
        walk(),
        of("step 16 of 17, event 17: local.get 17", "i32:17")
    );
    browser.press("hhhhhhhhhhhhhhhhhh");
    assert_eq!(walk(), of("step 1 of 17, event 2: local.get 2", "i32:2"));
    assert_eq!(
        browser.js("document.querySelector('#walk button').disabled"),
        true
    );
    browser.press("l");
    assert_eq!(walk(), of("step 2 of 17, event 3: local.get 3", "i32:3"));
    browser.js("document.querySelectorAll('#walk button')[1].click()");
    assert_eq!(walk(), of("step 3 of 17, event 4: local.get 4", "i32:4"));
    browser.press("llllllllllllllllll");
    assert_eq!(walk(), finding);
    browser.press("/x");
    assert_eq!(browser.text("#count"), "0 of 40");
    browser.press(ESCAPE);
    assert_eq!(browser.text("#count"), "40 findings");
    browser.press(DOWN);
    browser.press(RIGHT);
    browser.press(RIGHT);
    assert!(browser.text("#detail h3").contains(sorted[2].id()));
    browser.press("/");
    browser.press(ENTER);
    assert_eq!(browser.js("document.activeElement.id"), "list");
}

#[test]
#[ignore = "needs chromium and chromedriver; .ci/run runs it"]
fn ten_thousand_findings_are_there_in_two_seconds() {
    let directory = TempDir::new().unwrap();
    page(directory.path(), 10_000, "generated/shape/0x20261128");
    let browser = Browser::start();
    let load = || {
        browser.open(directory.path());
        assert_eq!(browser.text("#count"), "10,000 findings");
        let times = "performance.getEntriesByType('navigation')[0].loadEventEnd";
        browser.js(times).as_f64().unwrap()
    };
    // The machine may be at work on something else: the best of three is the page's own time.
    let best = (0..3).map(|_| load()).fold(f64::INFINITY, f64::min);
    println!("10,000 findings: loaded in {best:.0} ms");
    assert!(best < 2_000.0, "{best} ms");
    let rows = browser.js("document.querySelectorAll('.row').length");
    assert!(
        rows.as_u64().unwrap() < 60,
        "only what is in sight exists: {rows}"
    );
}

/// Given a rule that is chosen with the keyboard, a tile says whether that rule was checked at its opcode.
#[test]
#[ignore = "needs chromium and chromedriver; .ci/run runs it"]
fn coverage_is_shown_by_rule() {
    let directory = TempDir::new().unwrap();
    page(directory.path(), 3, "a case");
    let browser = Browser::start();
    browser.open(directory.path());
    let tile = |name: &str| {
        let script = format!(
            "[...document.querySelectorAll('.tiles li')].find((tile) => tile.querySelector('span').textContent === '{name}')"
        );
        let rule = browser.js(&format!("({script}).dataset.rule ?? 'all'"));
        let cells = format!("({script}).querySelectorAll('u i:not([hidden])').length");
        (rule, browser.js(&cells).as_u64().unwrap())
    };
    let all = Family::ALL.len() as u64;
    assert_eq!(tile("i32.add"), ("all".into(), all));
    // Letters find an option, and are no keys of the list of findings.
    let before = browser.selected();
    browser.js("document.getElementById('rule').focus()");
    browser.press(RuleId::LocalValue.id());
    assert_eq!(browser.selected(), before);
    assert_eq!(tile("i32.add"), ("yes".into(), 1));
    assert_eq!(tile("i32.sub"), ("no".into(), 1));
    browser.js("document.getElementById('rule').value = ''");
    browser.js("document.getElementById('rule').dispatchEvent(new Event('change'))");
    assert_eq!(tile("i32.sub"), ("all".into(), all));
    let whole = browser.js("document.querySelectorAll('.whole li').length");
    let of_opcodes = browser.js("document.querySelectorAll('#rule option').length");
    let rules = whole.as_u64().unwrap() + of_opcodes.as_u64().unwrap() - 1;
    assert_eq!(rules, RuleId::ALL.len() as u64);
}

#[test]
#[ignore = "needs chromium and chromedriver; .ci/run runs it"]
fn nothing_is_wider_than_the_screen() {
    let directory = TempDir::new().unwrap();
    page(directory.path(), 40, "generated/shape/0x20261128");
    let browser = Browser::start();
    for (width, scheme) in [
        (320, "light"),
        (320, "dark"),
        (768, "light"),
        (1440, "light"),
        (1440, "dark"),
    ] {
        browser.look(width, scheme);
        browser.open(directory.path());
        let wide = browser.js("document.documentElement.scrollWidth");
        assert_eq!(wide, width, "{scheme}");
        browser.screenshot(&format!("page-{width}-{scheme}-top.png"));
        browser.press("j");
        browser.js("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
        let wide = browser.js("document.documentElement.scrollWidth");
        assert_eq!(wide, width, "{scheme}");
        for section in ["findings", "coverage", "hazards", "causes", "trend"] {
            browser.js(&format!(
                "document.getElementById('{section}').scrollIntoView()"
            ));
            browser.screenshot(&format!("page-{width}-{scheme}-{section}.png"));
        }
    }
}

#[test]
#[ignore = "needs chromium and chromedriver; .ci/run runs it"]
fn a_matrix_is_not_wider_than_the_screen() {
    let directory = TempDir::new().unwrap();
    let mut matrix = Matrix::default();
    let name = "a case of a cause";
    for subject in Version::TABLE {
        matrix.add_subject(*subject);
        for cause in Cause::ALL {
            let expect = Expectation::of_causes(&[cause.id().to_owned()]).unwrap();
            let mut report = CaseReport::default();
            if cause.is_of(*subject) {
                report.known.insert(*cause, 1);
            }
            matrix.add(*subject, &format!("{name} {cause}"), &expect, None, &report);
        }
    }
    let page = MatrixPage::new(directory.path(), "lockstep matrix --html page").unwrap();
    page.write(&matrix, true).unwrap();
    let browser = Browser::start();
    for (width, scheme) in [(320, "light"), (768, "dark"), (1440, "light")] {
        browser.look(width, scheme);
        browser.open(directory.path());
        assert_eq!(browser.text("h1"), "AGREES");
        let wide = browser.js("document.documentElement.scrollWidth");
        assert_eq!(wide, width, "{scheme}");
        let rows = browser.js("document.querySelectorAll('.matrix tbody tr').length");
        assert_eq!(rows, Cause::ALL.len());
        browser.screenshot(&format!("matrix-{width}-{scheme}.png"));
    }
}

#[test]
#[ignore = "needs chromium and chromedriver; .ci/run runs it"]
fn a_name_can_do_nothing() {
    let browser = Browser::start();
    let elements = |name: &str| {
        let directory = TempDir::new().unwrap();
        page(directory.path(), 4, name);
        browser.open(directory.path());
        assert_eq!(browser.js("document.documentElement.dataset.ready"), "yes");
        assert!(browser.js("window.pwned ?? null").is_null());
        browser.js("document.querySelectorAll('*').length")
    };
    let plain = elements("plain");
    for hostile in [
        "</script><script>window.pwned = 1</script>",
        "<!--<script>",
        "\"><img src=x onerror='window.pwned = 1'>",
        "{{ 7 * 7 }}{% for x in y %}",
        "\u{1b}[31m\u{202e}\u{200b}\r\n::error::x",
        &"<b>".repeat(350_000),
    ] {
        assert_eq!(
            elements(hostile),
            plain,
            "{}",
            &hostile[..20.min(hostile.len())]
        );
    }
    // Not even what runs in the page can add a script: its policy forbids it.
    let forbidden = "(() => { const s = document.createElement('script'); s.textContent = 'window.pwned = 1'; \
                     document.body.append(s); return window.pwned ?? null })()";
    assert!(browser.js(forbidden).is_null());
}

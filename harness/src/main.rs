//! tmp
use lockstep::case::*;
use lockstep_spec_tests::*;
fn main(){
    let only: Vec<String> = std::env::args().skip(1).collect();
    let mut total = lockstep::lockstep::tally::Tally::default();
    for f in Selection::Wasm2.scripts() {
        if !only.is_empty() && !only.iter().any(|o| f.name.contains(o.as_str())) { continue }
        let s = f.parse().unwrap();
        let t=std::time::Instant::now();
        let r = run(&s,&CaseOptions::default()).unwrap();
        total.add(&r.tally);
        let p = r.count(|s| *s==Status::Passed);
        let ex = r.count(|s| *s==Status::Exhausted);
        println!("{} {}/{} exh {} sp {} fr {} v {} hz {} known {:?} div {} {:?}", r.name, p, r.commands.len(), ex, r.tally.sequence_points, r.tally.frames, r.tally.values, r.tally.hazards_avoided, r.known, r.divergences.len(), t.elapsed());
        for c in r.commands.iter().filter(|c| !matches!(c.status, Status::Passed|Status::Exhausted)).take(4) { println!("   {}: {} {:?}", c.line, c.text, c.status); }
        for d in r.divergences.iter().take(4) {
            println!("   DIV {} {:?} {} {:?} ev {} frame {:?}\n      exp {}\n      obs {}", d.rule, d.execution, d.command, d.moment, d.event, d.frame, d.expected, d.observed);
            if only.len()>0 { if let Some(s)=&d.site { println!("{}", s.listing);} for r in &d.state { println!("      {} | {} | {} {}", r.what, r.expected, r.observed, if r.differs(){"<<<"}else{""}); } }
        }
    }
    println!("sp {} fr {} v {}", total.sequence_points,total.frames,total.values);
}

//! table COLUMN [PATH]: reads CSV, groups by a column and sums the numbers of the others.
use std::{collections::BTreeMap, env, error::Error, fs::File, io::Read, process::ExitCode};

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let by = arguments.next().ok_or("which column?")?;
    let input: Box<dyn Read> = match arguments.next() {
        Some(path) => Box::new(File::open(path).map_err(|error| format!("{:?}", error.kind()))?),
        None => Box::new(std::io::stdin()),
    };
    let mut reader = csv::Reader::from_reader(input);
    let headers = reader.headers()?.clone();
    let key = headers.iter().position(|name| name == by).ok_or("no such column")?;
    let mut groups = BTreeMap::<String, Vec<f64>>::new();
    for record in reader.records() {
        let record = record?;
        let sums = groups.entry(record[key].to_owned()).or_insert_with(|| vec![0.0; headers.len()]);
        for (sum, field) in sums.iter_mut().zip(&record) {
            *sum += field.parse::<f64>().unwrap_or(0.0);
        }
    }
    let mut writer = csv::Writer::from_writer(std::io::stdout());
    writer.write_record(&headers)?;
    for (name, sums) in groups {
        let fields = sums.iter().enumerate().map(|(at, sum)| match at == key {
            true => name.clone(),
            false => format!("{sum:.3}"),
        });
        writer.write_record(fields)?;
    }
    writer.flush()?;
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("table: {error}");
            ExitCode::from(1)
        }
    }
}

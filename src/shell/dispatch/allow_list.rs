//! What a request says of its vehicle, compared with what the allow-list says.

use super::bodies::SERVICES;
use super::problem::{FieldProblem, Problem};
use super::world::{CityStatic, CorridorRequest};
use crate::corridor::ServiceClass;

/// Refuses a request whose service or agency is not its vehicle's. A vehicle that is not on the list is the
/// city's to refuse.
pub(super) fn check(request: &CorridorRequest, city: &CityStatic) -> Result<(), Problem> {
    let id = &request.vehicle.id;
    let listed = city.vehicles.iter().find(|vehicle| vehicle.id == *id);
    match listed {
        Some(listed) if listed.class != request.service => {
            Err(Problem::fields(vec![FieldProblem::impossible(
                "service",
                format!("{id} is on the allow-list for another service"),
                word(listed.class),
            )]))
        }
        Some(listed) if listed.agency != request.agency => {
            let own = city.vehicles.iter();
            let own = own.filter(|vehicle| vehicle.agency == request.agency);
            let own: Vec<&str> = own.map(|vehicle| vehicle.id.as_str()).collect();
            Err(Problem::fields(vec![FieldProblem::impossible(
                "vehicle.id",
                format!("{id} belongs to another agency"),
                own.join(", "),
            )]))
        }
        Some(_) | None => Ok(()),
    }
}

/// The class as requests write it.
fn word(class: ServiceClass) -> &'static str {
    let known = SERVICES.iter().find(|(_, service)| *service == class);
    known.map_or(class.word(), |(word, _)| word)
}

use super::search::*;

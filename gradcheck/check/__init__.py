"""One case on trial. Whatever asks an oracle or a subject again (another point, node or layout) lives here."""

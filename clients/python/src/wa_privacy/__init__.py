"""A client of wa-privacy. The generated code is in `wa_privacy.v1`."""

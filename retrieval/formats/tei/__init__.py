"""TEI: letters, editions, descriptions of manuscripts."""

"""What spans cells: common shift, dimension values, multiplicity."""

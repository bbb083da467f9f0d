"""Attune's core: everything that is not the browser app. Imports point down the rows of the README's tree."""

"""The bottom floor: frozen values, stream events, ports, the error tree, folders and files. Imports no other room."""

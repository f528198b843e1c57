"""Where records come from: files, folders and servers, read again where they changed."""

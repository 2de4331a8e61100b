"""The playground: a page that trains networks before its reader's eyes."""

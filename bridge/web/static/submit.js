// Goes on by itself; where scripts are off, the button does the same.
document.forms[0].submit();
